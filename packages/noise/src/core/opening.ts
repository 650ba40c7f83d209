import { NoiseError, type NoiseErrorCode } from '../errors.ts'
import type { Primitives } from '../primitives/primitives.ts'

/** The version of the protocol that is spoken. */
export const version = 1

/** Set in an opening's flags where a secret is used. */
export const secretFlag = 0x01

const tagLength = 8
/** Version, flags and the network's tag: what is in clear before the handshake's own first message. */
const hintsLength = 2 + tagLength

const utf8 = new TextEncoder()

/** What message 1 says in clear. Nobody is admitted for it: it only chooses the error's code. */
export interface Hints {
  readonly version: number
  readonly flags: number
  /** First 8 bytes of a hash of the network's name. */
  readonly network: Uint8Array
}

/** First 8 bytes of SHA-256("@p2p/noise network\n" ‖ name). */
export const networkTag = (primitives: Primitives, network: string): Uint8Array =>
  primitives.sha256(utf8.encode('@p2p/noise network\n'), utf8.encode(network)).slice(0, tagLength)

/** The body of an opening before its key. */
export const encodeHints = (hints: Hints): Uint8Array => {
  const bytes = new Uint8Array(hintsLength)
  bytes[0] = hints.version
  bytes[1] = hints.flags
  bytes.set(hints.network, 2)
  return bytes
}

/** The hints in an opening's body, and the handshake's own message behind them. Of another version only its number is told. */
export const decodeOpening = (
  body: Uint8Array,
): { readonly hints: Hints; readonly message: Uint8Array } | { readonly other: number } => {
  const other = body[0] ?? 0
  if (other !== version) return { other }
  if (body.length < hintsLength) throw new NoiseError('P2P_MALFORMED', 'the first message is too short')
  const hints = { version: other, flags: body[1] as number, network: body.subarray(2, hintsLength) }
  return { hints, message: body.subarray(hintsLength) }
}

/** Noise's prologue: the hints as they were sent, so that a change of them is noticed, and the network's whole name. */
export const prologueOf = (hints: Uint8Array, network: string): Uint8Array => {
  const name = utf8.encode(network)
  const prologue = new Uint8Array(hints.length + name.length)
  prologue.set(hints)
  prologue.set(name, hints.length)
  return prologue
}

/** Why one end refuses the other. The text for people is the receiver's own. */
const reasons: readonly (readonly [number, NoiseErrorCode, string])[] = [
  [1, 'P2P_WRONG_NETWORK', 'the other end belongs to another network'],
  [2, 'P2P_WRONG_VERSION', 'the two ends speak no common version'],
  [3, 'P2P_WRONG_SECRET', 'the other end has another secret, or one of the two has none'],
  [4, 'P2P_UNEXPECTED_ID', 'the other end expected another node here'],
  [5, 'P2P_NOT_PROVEN', 'the other end does not believe that our key is ours'],
  [6, 'P2P_MALFORMED', 'the other end did not understand us'],
  [7, 'P2P_TAMPERED', 'what we said did not arrive as we said it'],
  [8, 'P2P_LIMIT_REACHED', 'the other end has no room for more connections'],
]

/** The body of a refusal for an error, if its reason is one that the other end should know. */
export const encodeRefusal = (code: string): Uint8Array | undefined => {
  const reason = reasons.find(([, known]) => known === code)
  return reason && Uint8Array.of(reason[0], version)
}

/** The error that the other end's refusal stands for. Anybody on the way can make one up: it ends a handshake, nothing else. */
export const refusalError = (body: Uint8Array): NoiseError => {
  const reason = reasons.find(([number]) => number === body[0])
  if (reason === undefined) return new NoiseError('P2P_HANDSHAKE_FAILED', `refused for reason ${body[0]}`)
  const [, code, text] = reason
  return new NoiseError(code, code === 'P2P_WRONG_VERSION' ? `${text}: it speaks ${body[1]}` : text)
}
