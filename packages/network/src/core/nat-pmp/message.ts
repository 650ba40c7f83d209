import { NetworkError } from '../../errors.ts'
import { fromBytes } from '../ip.ts'

/** The port that routers answer at (RFC 6886, 1.1). */
export const natPmpPort = 5_351

/** What is asked of a router. A lifetime of 0 removes the mapping. */
export type NatPmpQuestion =
  | { readonly type: 'address' }
  | {
      readonly type: 'udp' | 'tcp'
      readonly internalPort: number
      readonly externalPort: number
      /** Seconds. */
      readonly lifetime: number
    }

/** What a router answers. */
export type NatPmpAnswer =
  | { readonly type: 'address'; readonly address: string }
  | {
      readonly type: 'udp' | 'tcp'
      readonly internalPort: number
      readonly externalPort: number
      /** Seconds; it may be less than was asked for. */
      readonly lifetime: number
    }

const operations = ['address', 'udp', 'tcp'] as const

/** RFC 6886, 3.5. */
const results = [
  'success',
  'the router does not know this version',
  'the router does not allow it',
  'the router has no address outside',
  'the router has no port left',
  'the router does not know this operation',
]

/** Writes a question: RFC 6886, 3.2 and 3.3. */
export const encodeNatPmp = (question: NatPmpQuestion): Uint8Array => {
  if (question.type === 'address') return Uint8Array.of(0, 0)
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  bytes[1] = operations.indexOf(question.type)
  view.setUint16(4, question.internalPort)
  view.setUint16(6, question.externalPort)
  view.setUint32(8, question.lifetime)
  return bytes
}

/**
 * Reads a router's answer.
 *
 * @throws NetworkError `P2P_PROTOCOL_ERROR` for what is none, `P2P_MAPPING_REFUSED` for a refusal
 */
export const decodeNatPmp = (bytes: Uint8Array): NatPmpAnswer => {
  const type = operations[(bytes[1] ?? 0) - 128]
  const length = type === 'address' ? 12 : 16
  if (bytes.length < 8 || bytes[0] !== 0 || type === undefined)
    throw new NetworkError('P2P_PROTOCOL_ERROR', 'not an answer of NAT-PMP')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const result = view.getUint16(2)
  if (result !== 0)
    throw new NetworkError(
      'P2P_MAPPING_REFUSED',
      results[result] ?? `the router answers with result ${result}`,
    )
  if (bytes.length < length) throw new NetworkError('P2P_PROTOCOL_ERROR', 'an answer of NAT-PMP is cut off')
  if (type === 'address') return { type, address: fromBytes([...bytes.subarray(8, 12)]) }
  const [internalPort, externalPort, lifetime] = [view.getUint16(8), view.getUint16(10), view.getUint32(12)]
  return { type, internalPort, externalPort, lifetime }
}
