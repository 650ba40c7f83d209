/**
 * From a stream of bytes to messages and back: framings tell messages apart, codecs turn values into bytes, and a writer packs the messages of one turn
 * into one write. Pure and synchronous; runs in Node and in browsers.
 *
 * @packageDocumentation
 */
export { bytes } from './codec/bytes.ts'
export { json } from './codec/json.ts'
export { msgpack } from './codec/msgpack.ts'
export { text } from './codec/text.ts'
export type { ValueLimits } from './codec/value-limits.ts'
export type { StoppableDecoder, StoppableFraming } from './decoder.ts'
export { FramingError, type FramingErrorCode } from './errors.ts'
export { type ByteSink, type FrameWriter, frameWriter, type FrameWriterOptions } from './frame-writer.ts'
export type { HeaderFraming } from './header-framing.ts'
export { lengthPrefixed, type LengthPrefixedOptions } from './length-prefixed.ts'
export { defaultLimit } from './limit.ts'
export { lines, type LinesOptions } from './lines.ts'
export { raw, type RawOptions } from './raw.ts'
export { sharedSlabs, type Slab, SlabPool } from './slab-pool.ts'
export { varint, type VarintOptions } from './varint.ts'
