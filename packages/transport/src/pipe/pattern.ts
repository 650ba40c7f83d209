import type { Address } from '@p2p/interfaces'
import { isIP } from 'node:net'
import { badAddress, TransportError } from '../errors.ts'
import { canonicalHost } from '../udp/address.ts'
import type { Message } from './message.ts'

/** Which messages a subscription wants. Both conditions must hold; one that is absent always does. */
export interface Pattern<T = Uint8Array> {
  /**
   * A regular expression that is found anywhere in text, or in bytes with each byte as the character of its number (`/^\x00\x01/`); of bytes the first 65 536 are
   * looked at. Or bytes that are contained in the data. Or a function.
   */
  readonly data?: RegExp | Uint8Array | ((message: Message<T>) => boolean)
  /** The sender: an address, `tcp://IP:0` or `udp://IP:0` for any port of that host. */
  readonly from?: Address
}

/** Whether a message is wanted. */
export interface Matcher<T> {
  /** It may throw. */
  readonly test: (message: Message<T>) => boolean
  /** What the message must match in any case. */
  readonly expression: RegExp | undefined
}

/** Bytes that a regular expression looks at: a datagram, or a chunk of a stream. Beyond that putting them into text costs more than it tells. */
const searched = 65_536

/** Makes one function of a pattern; `undefined` if everything matches. @throws TypeError, or TransportError `P2P_BAD_ADDRESS` for a sender that no message can have */
export const matcherOf = <T>(pattern: Pattern<T> | RegExp | undefined): Matcher<T> | undefined => {
  const { data, from }: Pattern<T> = pattern instanceof RegExp ? { data: pattern } : (pattern ?? {})
  // A copy, whose `lastIndex` is nobody else's: with `g` or `y` it decides where the next search begins.
  const expression = data instanceof RegExp ? new RegExp(data.source, data.flags.replace('g', '')) : undefined
  const ofData = data === undefined ? undefined : dataTest(expression ?? data)
  const ofSender = from === undefined ? undefined : senderTest<T>(from)
  if (ofData === undefined || ofSender === undefined) {
    const test = ofData ?? ofSender
    return test && { test, expression }
  }
  return { test: message => ofSender(message) && ofData(message), expression }
}

type Test<T> = Matcher<T>['test']

const dataTest = <T>(data: NonNullable<Pattern<T>['data']>): Test<T> => {
  if (data instanceof RegExp) {
    const { sticky } = data
    return message => {
      if (sticky) data.lastIndex = 0
      return data.test(textOf(message))
    }
  }
  if (data instanceof Uint8Array) {
    const wanted = Buffer.from(data)
    return ({ data: bytes }) => {
      if (!(bytes instanceof Uint8Array)) throw notSearchable()
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(wanted)
    }
  }
  if (typeof data === 'function') return message => data(message)
  throw new TypeError('a pattern is a regular expression, bytes, or a function')
}

const senderTest = <T>(from: Address): Test<T> => {
  const parts = /^([a-z]+):\/\/(?:\[([^[\]]+)\]|([^:[\]]+)):(\d+)$/.exec(from)
  if (parts === null) return message => message.from === from
  const [, scheme = '', ipv6, ipv4 = '', port] = parts
  const host = ipv6 ?? ipv4
  if (isIP(host) === 0) throw badAddress(scheme, from, 'a sender is an IP address: resolve the name first')
  const written = ipv6 === undefined ? host : `[${canonicalHost(host)}]`
  if (port !== '0') return message => message.from === `${scheme}://${written}:${port ?? ''}`
  const start = `${scheme}://${written}:`
  return message => message.from.startsWith(start)
}

// A message is matched with all patterns before the next one comes, so remembering one is enough.
let lastMessage: object | undefined
let lastText = ''

/** What regular expressions see of a message. @throws TransportError `P2P_NOT_SUPPORTED` for what is neither text nor bytes */
export const textOf = (message: Message<unknown>): string => {
  if (message !== lastMessage) {
    const text = message.text(searched)
    if (text === undefined) throw notSearchable()
    lastText = text
    lastMessage = message
  }
  return lastText
}

/** Lets go of the message that was matched last. */
export const forgetText = (): void => {
  lastMessage = undefined
  lastText = ''
}

const notSearchable = () =>
  new TransportError(
    'P2P_NOT_SUPPORTED',
    'only text and bytes can be searched: give a function as the pattern',
  )
