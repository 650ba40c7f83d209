import type { PeerId } from '@p2p/interfaces'
import type { Hash, Moment, Stamp, VersionVector } from '@p2p/replica'
import { SyncError } from '../errors.ts'
import { clockOf, fieldsOf, fingerprintOf, packVector, settingsOf, vectorOf } from './grammar.ts'
import { packHashes, unpackHashes } from './hashes.ts'
import type { Replica } from './replica.ts'

/** What both sides of a catching-up say first: what they must agree on, and what they have. */
export interface Opening {
  readonly settings: Settings
  readonly clock: Stamp
  readonly vector: VersionVector
  readonly fingerprint: Hash
}

type Settings = readonly [lease: number, tombstoneLife: number]

/** The settings that go with every broadcast and every opening. */
export const packSettings = ({ settings }: Replica): number[] => [settings.lease, settings.tombstoneLife]

export const packOpening = (replica: Replica, now: Moment): Record<string, unknown> => ({
  settings: packSettings(replica),
  ...packComparison(replica, now),
  vector: packVector(replica.vector()),
})

/** Clock and fingerprint: enough to see whether two replicas are the same. */
export const packComparison = (replica: Replica, now: Moment): Record<string, unknown> => ({
  clock: packClock(replica, now),
  fingerprint: packHashes([replica.table.fingerprint()]),
})

/** What the clock reads, as a stamp. */
export const packClock = ({ clock }: Replica, now: Moment): number[] => [clock.read(now.wall), 0]

/**
 * Reads an opening, of these fields among others, or one of `settings` alone.
 *
 * @throws `P2P_SETTINGS_DIFFER`, `P2P_MALFORMED`
 */
export const parseOpening = (
  replica: Replica,
  peer: PeerId,
  body: unknown,
  more: readonly string[] = [],
): Opening => {
  const alone = typeof body === 'object' && body !== null && Object.keys(body).length === 1
  const names = alone ? ['settings'] : ['settings', 'clock', 'fingerprint', 'vector', ...more]
  const fields = fieldsOf(body, names) as Readonly<Record<keyof Opening, unknown>>
  const settings = settingsOf(fields.settings)
  checkSettings(replica, peer, settings)
  return {
    settings,
    clock: clockOf(fields.clock),
    vector: vectorOf(fields.vector),
    fingerprint: parseFingerprint(fields.fingerprint),
  }
}

export const parseFingerprint = (value: unknown): Hash => unpackHashes(fingerprintOf(value))[0] as Hash

/** @throws `P2P_SETTINGS_DIFFER` unless a peer's settings are ours */
export const checkSettings = (
  { settings }: Replica,
  peer: PeerId,
  [lease, tombstoneLife]: Settings,
): void => {
  if (lease === settings.lease && tombstoneLife === settings.tombstoneLife) return
  const ours = describe(settings.lease, settings.tombstoneLife)
  throw new SyncError(
    'P2P_SETTINGS_DIFFER',
    `${peer} keeps a dictionary of this name ${describe(lease, tombstoneLife)}, and this node ${ours}`,
    { peer },
  )
}

/**
 * Takes note of the other's clock, so that both drop the same tombstones before they compare. One that is too far ahead is left alone: that node can still learn,
 * and what it writes is refused.
 */
export const meet = (replica: Replica, clock: Stamp, now: Moment): void => {
  if (clock.time - now.wall <= replica.settings.limits.skew) replica.clock.observe(clock, now.wall)
  replica.expire(now)
}

const describe = (lease: number, life: number) =>
  `${lease === 0 ? 'without leases' : `with leases of ${lease} ms`} and a tombstone life of ${life} ms`
