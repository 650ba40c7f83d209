import { FramingError, msgpack } from '@p2p/framing'
import type { Codec } from '@p2p/interfaces'
import type { Typed } from './type-table.ts'

/** For each message type, a function that makes its data of what a peer sent, and throws for what is not such data. */
export type Parsers = Readonly<Record<string, (value: unknown) => unknown>>

/** The messages that parsers describe, as a union that TypeScript tells apart by `type`. */
export type MessagesOf<P extends Parsers> = {
  [K in keyof P & string]: Typed<K, ReturnType<P[K]>>
}[keyof P & string]

/**
 * A codec for messages with a type: `[type, data]` on the wire, as the JSON and MessagePack mixins of socktools have it (S4). What a peer sends becomes a message only if its
 * type is known and its parser takes the data, so handlers get what their types say.
 *
 * @param codec for the pair. Default MessagePack
 * @example
 * const codec = messages({ chat: (value: unknown) => String(value), ping: (value: unknown) => Number(value) }, json())
 */
export const messages = <const P extends Parsers>(
  parsers: P,
  codec: Codec = msgpack(),
): Codec<MessagesOf<P>> => ({
  encode: ({ type, data }) => {
    if (!Object.hasOwn(parsers, type))
      throw new TypeError(`${JSON.stringify(type)} is not a type of these messages`)
    return codec.encode([type, data])
  },
  decode: bytes => {
    const value = codec.decode(bytes)
    if (!Array.isArray(value) || value.length !== 2) throw notDecodable('not a pair of type and data')
    const [type, data] = value as [unknown, unknown]
    const parse = typeof type === 'string' && Object.hasOwn(parsers, type) ? parsers[type] : undefined
    if (parse === undefined) throw notDecodable('of a type that is not known')
    try {
      return { type, data: parse(data) } as MessagesOf<P>
    } catch (cause) {
      throw notDecodable(`not what its type ${JSON.stringify(type)} asks for`, cause)
    }
  },
})

const notDecodable = (what: string, cause?: unknown) =>
  new FramingError('P2P_NOT_DECODABLE', `a message is ${what}`, cause === undefined ? undefined : { cause })
