import type { Contact, PeerId } from '@p2p/interfaces'
import { MeshError, type MeshErrorCode } from '../errors.ts'
import { idOf } from '../identity.ts'
import { compareBytes } from '../wire/ids.ts'
import { protocolVersion, Reason, type ReasonCode } from '../wire/header.ts'
import type { Farewell, Hello } from '../wire/hello.ts'

/** Whom we are, and whom we expect, when a HELLO is judged. */
export interface Expectations {
  readonly self: PeerId
  /** 32 bytes. */
  readonly network: Uint8Array
  /** Whether origins sign. */
  readonly signed: boolean
  readonly expected?: PeerId | undefined
  /** The public key that the connection's security has proved. */
  readonly proven?: Uint8Array | undefined
  /** The link's name, in a reply. */
  readonly nonce?: Uint8Array
}

/** A HELLO that cannot be accepted: what the other end is told, and what the caller. */
export class HelloRefused extends MeshError {
  readonly reason: ReasonCode

  constructor(reason: ReasonCode, code: MeshErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.name = 'MeshError'
    this.reason = reason
  }
}

/** Who said this HELLO. @throws HelloRefused */
export const judgeHello = (hello: Hello, expectations: Expectations): Contact => {
  const { self, network, signed, expected, proven, nonce } = expectations
  if (compareBytes(hello.network, network) !== 0) {
    throw new HelloRefused(
      Reason.wrongNetwork,
      'P2P_WRONG_NETWORK',
      'the other node belongs to another network',
    )
  }
  if (hello.oldest > protocolVersion || hello.newest < protocolVersion) {
    const spoken = `it speaks ${hello.oldest} to ${hello.newest}, this one ${protocolVersion}`
    throw new HelloRefused(
      Reason.wrongVersion,
      'P2P_WRONG_VERSION',
      `no common version of the protocol: ${spoken}`,
    )
  }
  if (hello.signed !== signed) {
    const text = signed ? 'broadcasts are signed here' : 'broadcasts are not signed here'
    throw new HelloRefused(Reason.wrongSigning, 'P2P_WRONG_SIGNING', text)
  }
  const id = idOf(hello.publicKey)
  if (proven !== undefined && compareBytes(hello.publicKey, proven) !== 0) {
    throw new HelloRefused(
      Reason.notAdmitted,
      'P2P_UNEXPECTED_ID',
      'the peer names another key than it has proved',
    )
  }
  if (id === self) {
    throw new HelloRefused(Reason.self, 'P2P_CONNECTED_TO_SELF', 'the address leads back to this node')
  }
  if (expected !== undefined && id !== expected) {
    throw new HelloRefused(
      Reason.unexpectedId,
      'P2P_UNEXPECTED_ID',
      `expected ${expected}, but ${id} answered`,
    )
  }
  if (nonce !== undefined && compareBytes(hello.nonce, nonce) !== 0) {
    throw new MeshError('P2P_MALFORMED', 'the answer names another link')
  }
  return { id, addresses: hello.addresses }
}

/** Why an inbound handshake is given up for a newer one. */
export const tookLongest = (): MeshError =>
  new MeshError('P2P_LIMIT_REACHED', 'too many handshakes at once, and this one took longest')

/** Whether the application lets the node in. @throws HelloRefused if not, or if it fails */
export const judgeAdmission = (admit: ((peer: Contact) => boolean) | undefined, peer: Contact): void => {
  if (admit === undefined) return
  const refused = (cause?: unknown) =>
    new HelloRefused(Reason.notAdmitted, 'P2P_NOT_ADMITTED', 'not admitted', { cause })
  let answer: unknown
  try {
    answer = admit(peer)
  } catch (error) {
    throw refused(error)
  }
  // A promise would be truthy
  if (answer !== true) throw refused()
}

const codes: Readonly<Record<number, MeshErrorCode>> = {
  [Reason.wrongNetwork]: 'P2P_WRONG_NETWORK',
  [Reason.wrongVersion]: 'P2P_WRONG_VERSION',
  [Reason.limit]: 'P2P_LIMIT_REACHED',
  [Reason.self]: 'P2P_CONNECTED_TO_SELF',
  [Reason.malformed]: 'P2P_MALFORMED',
  [Reason.unexpectedId]: 'P2P_UNEXPECTED_ID',
  [Reason.wrongSecurity]: 'P2P_WRONG_SECURITY',
  [Reason.wrongSigning]: 'P2P_WRONG_SIGNING',
  [Reason.forged]: 'P2P_FORGED',
}

/** The other end's REFUSE as the error of whoever waits for the link. */
export const refusalError = ({ reason, text }: Farewell): MeshError =>
  new MeshError(codes[reason] ?? 'P2P_NOT_ADMITTED', `the other node refused: ${text || `reason ${reason}`}`)

/** The error that a GOODBYE stands for, if it is not an orderly end. */
export const goodbyeError = ({ reason, text }: Farewell): MeshError | undefined => {
  if (reason === Reason.malformed)
    return new MeshError('P2P_MALFORMED', `the other node did not understand us: ${text}`)
  if (reason === Reason.forged)
    return new MeshError('P2P_FORGED', `the other node does not trust us: ${text}`)
  if (reason === Reason.limit) return new MeshError('P2P_LIMIT_REACHED', `the other node gave us up: ${text}`)
  return undefined
}
