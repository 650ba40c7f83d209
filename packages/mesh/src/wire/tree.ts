import type { TreeMessage } from '../core/plumtree.ts'
import { maxRanges, type StreamRange } from '../core/stream-range.ts'
import { streamKeyLength } from '../core/streams.ts'
import { headerLength, Kind } from './header.ts'
import { begin } from './hello.ts'
import { malformed } from './malformed.ts'
import { Reader } from './reader.ts'

/** PROTOCOL.md, "To all": IHAVE, GRAFT, PRUNE, GONE. */
export const encodeTree = (message: TreeMessage): Uint8Array => {
  switch (message.type) {
    case 'prune':
      return begin(Kind.prune, 4).done()
    case 'ihave':
      return withRanges(Kind.ihave, message.ranges)
    case 'graft':
      return withRanges(Kind.graft, message.ranges)
    case 'gone':
      return withRanges(Kind.gone, message.ranges)
  }
}

/** @returns the message, or `undefined` if the kind is none of the tree's. @throws `P2P_MALFORMED` */
export const decodeTree = (bytes: Uint8Array, start: number, end: number): TreeMessage | undefined => {
  const kind = bytes[start + 1] as number
  if (kind < Kind.ihave || kind > Kind.gone) return undefined
  const reader = new Reader(bytes, start + headerLength, end)
  const message = read(kind, reader)
  if (message !== undefined) reader.end()
  return message
}

const read = (kind: number, reader: Reader): TreeMessage | undefined => {
  switch (kind) {
    case Kind.prune:
      return { type: 'prune' }
    case Kind.ihave:
      return { type: 'ihave', ranges: readRanges(reader) }
    case Kind.graft:
      return { type: 'graft', ranges: readRanges(reader) }
    case Kind.gone:
      return { type: 'gone', ranges: readRanges(reader) }
    default:
      return undefined
  }
}

const withRanges = (kind: number, ranges: readonly StreamRange[]): Uint8Array => {
  const writer = begin(kind, 6 + ranges.length * (streamKeyLength + 12))
    .u8(ranges.length >>> 8)
    .u8(ranges.length)
  for (const { key, first, last } of ranges) writer.latin1(key).u48(first).u48(last)
  return writer.done()
}

const readRanges = (reader: Reader): StreamRange[] => {
  const count = reader.u8() * 256 + reader.u8()
  if (count > maxRanges) throw malformed(`${count} ranges in one message`)
  const ranges: StreamRange[] = []
  for (let index = 0; index < count; index++) {
    const key = reader.latin1(streamKeyLength)
    const first = reader.u48()
    const last = reader.u48()
    if (first === 0 || first > last) throw malformed('a range of no messages')
    ranges.push({ key, first, last })
  }
  return ranges
}
