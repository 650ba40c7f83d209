import type { Connection, PeerId, WaitOptions } from '@p2p/interfaces'

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
}

/**
 * No protection, said explicitly: everybody on the way can read and change what is sent, and a node's id is only a claim. See SECURITY.md.
 */
export const plaintext = (): Security => ({
  name: 'plaintext',
  secure: async connection => ({ connection }),
})
