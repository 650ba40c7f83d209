import type { Connection, PeerId, WaitOptions } from '@p2p/interfaces'
import { createNoise, type NoiseOptions } from '@p2p/noise'
import { times } from './limits.ts'
import { Reason } from './wire/header.ts'
import { refusalFrame } from './wire/hello.ts'

/** What a security is told about the connection that it is to protect. */
export interface SecurityContext extends WaitOptions {
  readonly role: 'dialler' | 'listener'
  /** The network's name, to be bound into the handshake. */
  readonly network: string
  /** Whom the dialler expects, if it knows. */
  readonly expected?: PeerId | undefined
}

/** A connection that is protected as far as its security promises. */
export interface SecuredConnection {
  readonly connection: Connection
  /** The other end's Ed25519 public key, 32 bytes, if the security has proved it. The HELLO must then name the same. */
  readonly publicKey?: Uint8Array
}

/** The place in the stack between a transport's connection and the mesh's messages. */
export interface Security {
  readonly name: string
  /** Protects a fresh connection. It takes the connection over: if it rejects, it has aborted it. */
  secure(connection: Connection, context: SecurityContext): Promise<SecuredConnection>
  /** Tells a fresh inbound connection that there is no room for it, in words that the other end's security understands, and ends it. Default: it is aborted. */
  turnAway?(connection: Connection): Promise<void>
}

/**
 * No protection, said explicitly: everybody on the way can read and change what is sent, and a node's id is only a claim. See SECURITY.md.
 */
export const plaintext = (): Security => ({
  name: 'plaintext',
  secure: async connection => ({ connection }),
  turnAway: connection => {
    connection.write(refusalFrame({ reason: Reason.limit, text: 'too many links' }))
    return connection.close({ timeout: times.goodbye })
  },
})

/** The default: links that nobody else can read or change, to nodes that have proved their ids; with a secret, among those who know it. */
export const noise = (options: Omit<NoiseOptions, 'toPlaintext'>): Security => {
  const toPlaintext = refusalFrame({ reason: Reason.wrongSecurity, text: 'links are protected here' })
  const ours = createNoise({ ...options, toPlaintext })
  return {
    name: 'noise',
    secure: async (raw, { role, expected, signal, timeout }) => {
      // The dialler's HELLO need not wait for the answer: nobody but who has accepted us can read it
      const connection = await ours.secure(raw, { role, expected, signal, timeout, confirm: false })
      return { connection, publicKey: connection.peer.publicKey }
    },
    turnAway: connection => ours.turnAway(connection),
  }
}
