import { compareStamps, HybridClock, stampOrder, type WriteOrder, zeroStamp } from '@p2p/replica'
import { Leases, Replica, Table, Teller } from '@p2p/sync/internals'
import { type Break, replace } from '../breaks.ts'

/** Of two leases of one epoch the one that is held already wins. */
const heldFirst: WriteOrder = (a, b) =>
  a.epoch - b.epoch || (a.owner === b.owner ? compareStamps(a.counter, b.counter) : 1)

/** What is told wins. */
const tellerFirst: WriteOrder = (a, b) => stampOrder(a, b) && -1

export const syncBreaks: readonly Break[] = [
  {
    name: 'no-tie-break',
    about: 'of two leases of one epoch each node keeps the one that it heard of first',
    plant: () => orderedBy(heldFirst),
  },
  {
    name: 'late-write-shown',
    about: 'what comes replaces what is held, also if that is newer',
    plant: () => orderedBy(tellerFirst),
  },
  {
    name: 'late-expiry',
    about: 'a holder takes its lease for 8 s longer than it lasts',
    plant: () => remainingPlus(8_000, true),
  },
  {
    name: 'early-takeover',
    about: 'the others take a lease for over 8 s before it is',
    plant: () => remainingPlus(-8_000, false),
  },
  {
    name: 'age-ignored',
    about: 'an entry counts as written when it comes, whatever its way was',
    plant: () =>
      replace(
        Replica.prototype,
        'receive',
        receive =>
          function (this: Replica, told, ...rest) {
            const fresh = told.map(item => ('age' in item ? { ...item, age: 0 } : item))
            return receive.call(this, fresh, ...rest)
          },
      ),
  },
  {
    name: 'lost-tombstone',
    about: 'a deletion is forgotten after two seconds',
    plant: () =>
      replace(
        Table.prototype,
        'dropTombstones',
        drop =>
          function (this: Table, time) {
            drop.call(this, time, 2_000)
          },
      ),
  },
  {
    name: 'counter-reset',
    about:
      'what is heard does not move the hybrid clock, so that after a restart counters begin anew with the wall clock',
    plant: () => replace(HybridClock.prototype, 'observe', () => () => undefined),
  },
  {
    name: 'no-rollback',
    about: 'the application is not told that its write has lost',
    plant: () => replace(Leases.prototype, 'fate', () => () => 'followed'),
  },
  {
    name: 'change-untold',
    about: 'the application is not told of what others have deleted',
    plant: () =>
      replace(
        Replica.prototype,
        'receive',
        receive =>
          function (this: Replica, ...args) {
            const gain = receive.apply(this, args)
            const told = this.effects.splice(0).filter(({ type }) => type !== 'delete')
            this.effects.push(...told)
            return gain
          },
      ),
  },
  {
    name: 'short-token',
    about: 'the token of a write leaves out whose it is',
    plant: () =>
      replace(
        Teller.prototype,
        'tokenOf',
        tokenOf =>
          function (this: Teller, key, write) {
            const token = tokenOf.call(this, key, write)
            // Epoch and start, the owner, the counter, the hash, in which the owner is, too
            return token === undefined ? undefined : token.slice(0, 30) + token.slice(-48, -32)
          },
      ),
  },
  {
    name: 'delta-as-value',
    about: 'a delta is written as the whole value',
    plant: () =>
      replace(
        Replica.prototype,
        'applyDelta',
        () =>
          function (this: Replica, id, patch, now) {
            const held = this.table.get(id)?.value
            const value = Object.freeze({ ...(held as object | undefined), ...patch })
            this.assign([{ id, value }], now)
          },
      ),
  },
  {
    name: 'no-catch-up',
    about: 'what a neighbour tells while catching up is not taken over',
    plant: () =>
      replace(
        Replica.prototype,
        'receive',
        receive =>
          function (this: Replica, told, peer, now) {
            const own = told.filter(item => 'entry' in item && item.entry.base?.owner === peer)
            return receive.call(this, own, peer, now)
          },
      ),
  },
]

const orderedBy = (order: WriteOrder) =>
  replace(
    Leases.prototype,
    'check',
    check =>
      function (this: Leases, ...args) {
        Object.assign(this, { order })
        check.apply(this, args)
      },
  )

const remainingPlus = (milliseconds: number, own: boolean) =>
  replace(
    Leases.prototype,
    'remaining',
    remaining =>
      function (this: Leases, held, now) {
        const { owner } = held.entry.base ?? {}
        const left = remaining.call(this, held, now)
        const isOwn = this.version(undefined, zeroStamp, now).owner === owner
        return held.entry.base?.state === 'held' && isOwn === own ? left + milliseconds : left
      },
  )
