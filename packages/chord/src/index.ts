/**
 * A hash table that a ring of processes holds together: it keeps its data while every one of them is replaced. It runs on anything that satisfies `Messenger` of
 * `@p2p/interfaces`. PROTOCOL.md says what goes over the wire.
 *
 * @packageDocumentation
 */
export type { Chord, ChordEvents, Consistency, DumpedEntry, GetOptions, Lookup, Version } from './chord.ts'
export type { Standing } from './circle.ts'
export { createChord } from './create-chord.ts'
export { ChordError, type ChordErrorCode, NoAgreementError, ValueTooLargeError } from './errors.ts'
export type { Explanation, TableExplanation } from './explain.ts'
export { type FiveHashes, hashes, positions } from './hashes.ts'
export type { ArcHealth, Health } from './health.ts'
export { type ChordLimits, type ChordOptions, defaultLimits } from './options.ts'
export { distance, isBetween, ringSize, successorOf } from './ring.ts'
export type { Key, Value } from '@p2p/replica'
