/**
 * A dictionary that every node of a group holds whole, with leases: who writes first to a key owns it for an hour. It runs on anything that satisfies
 * `Group` of `@p2p/interfaces`. PROTOCOL.md says what goes over the wire.
 *
 * @packageDocumentation
 */
export { createSync } from './create-sync.ts'
export { LeaseError, SyncError, type SyncErrorCode, type SyncErrorOptions } from './errors.ts'
export {
  type SyncLimits,
  type SyncOptions,
  defaultLease,
  defaultLimits,
  defaultTombstoneLife,
} from './options.ts'
export type { Conflict, KeyState, Meta, Ownership, Sync, SyncEvents, SyncStats } from './sync.ts'
export type { Key, Value } from '@p2p/replica'
