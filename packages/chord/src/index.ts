/**
 * The pure ring of a distributed hash table: where a key lies, how far it is, and who owns it.
 *
 * @packageDocumentation
 */
export { type FiveHashes, hashes, positions } from './hashes.ts'
export { distance, isBetween, ringSize, successorOf } from './ring.ts'
