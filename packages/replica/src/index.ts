/**
 * The pure part of replicated state: time, versions, the order that decides between two of them, and the merge. No sockets, no timers, no
 * clock and no dice of its own. DESIGN §7 has the reasons; the grammar of hashes and tokens is in the PROTOCOL.md of `@p2p/sync`.
 *
 * @packageDocumentation
 */
export { encodeCanonical } from './canonical.ts'
export {
  type Entry,
  type Key,
  type Version,
  type Write,
  type WriteState,
  entryValue,
  isOwnerId,
  plainWrite,
} from './entry.ts'
export { firstEpoch, isEpochAhead, isTombstoneOver, nextEpoch } from './epoch.ts'
export { ReplicaError, type ReplicaErrorCode } from './errors.ts'
export { Fingerprint } from './fingerprint.ts'
export { type Hash, hashEntry, hashLength, hashWrite, stateNumbers } from './hash.ts'
export { HybridClock, type HybridClockOptions, defaultSkew } from './hybrid-clock.ts'
export {
  type Moment,
  type Sighting,
  ageOf,
  remainingForHolder,
  remainingForOthers,
  sight,
  sightAgain,
  sightOwn,
  takeoverGrace,
} from './lease-age.ts'
export { emptyEntry, merge } from './merge.ts'
export { type WriteOrder, compareWrites, leaseOrder, stampOrder } from './order.ts'
export { type Stamp, compareStamps, countLimit, encodeStamp, timeLimit, zeroStamp } from './stamp.ts'
export { fencingToken } from './token.ts'
export {
  type Value,
  copyValue,
  depthLimit,
  equalValues,
  hasBytes,
  isList,
  isMap,
  ownValue,
  textSize,
  valueSize,
} from './value.ts'
export { type VersionVector, covers, coversEntry, joinVectors } from './version-vector.ts'
