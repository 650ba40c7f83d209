import { Circle, Holder, Place, Repair, Stabilisation, Store, Table } from '@p2p/chord/internals'
import { type Break, replace } from '../breaks.ts'

export const chordBreaks: readonly Break[] = [
  {
    name: 'no-rectify',
    about: 'nobody takes who says that it is its successor for its predecessor, once it has one',
    plant: () =>
      replace(
        Circle.prototype,
        'setPredecessor',
        set =>
          function (this: Circle, place, next, ...rest) {
            if (place.predecessor === undefined) set.call(this, place, next, ...rest)
          },
      ),
  },
  {
    name: 'short-list',
    about: 'a successor list has one point',
    plant: () =>
      replace(
        Place.prototype,
        'adopt',
        adopt =>
          function (this: Place, successor) {
            adopt.call(this, successor, [])
          },
      ),
  },
  {
    name: 'no-stabilise',
    about: 'who has a successor does not ask whether there is a nearer one',
    plant: () =>
      replace(
        Stabilisation.prototype,
        'all',
        () =>
          function (this: Stabilisation) {
            return undefined
          },
      ),
  },
  {
    name: 'no-handover',
    about: 'who takes over an arc believes that it has everything of it',
    plant: () =>
      replace(
        Repair.prototype,
        'repair',
        () =>
          async function (this: Repair, place) {
            place.completeFrom = place.predecessor?.position
            place.repairedAt = Infinity
          },
      ),
  },
  {
    name: 'no-acknowledgement',
    about: 'who is given entries says that it has them, and has not taken them in',
    plant: () => {
      const undo = [
        replace(Holder.prototype, 'give', () => async () => true),
        replace(Holder.prototype, 'store', () => () => []),
      ]
      return () => {
        for (const each of undo) each()
      }
    },
  },
  {
    name: 'no-copies',
    about: 'an owner answers before the copies are made',
    plant: () =>
      replace(
        Holder.prototype,
        'replicate',
        () =>
          async function (this: Holder) {
            return this.copies
          },
      ),
  },
  {
    name: 'hasty-absent',
    about: 'an owner says absent though its arc is not complete',
    plant: () => replace(Circle.prototype, 'hasAll', () => () => true),
  },
  {
    name: 'lost-tombstone',
    about: 'a deletion is forgotten at once',
    plant: () =>
      replace(
        Store.prototype,
        'put',
        put =>
          function (this: Store, table, position, entry) {
            const held = put.call(this, table, position, entry)
            if (held?.entry.base?.state === 'deleted') this.table(table).delete(position)
            return held
          },
      ),
  },
  {
    name: 'no-restamp',
    about: 'an owner acknowledges a write that is older than what it holds',
    plant: () =>
      replace(
        Holder.prototype,
        'query',
        query =>
          async function (this: Holder, position, place, isCertain, asked) {
            const answer = await query.call(this, position, place, isCertain, asked)
            const isOvertaken =
              Array.isArray(asked) && asked[0] === 'put' && Array.isArray(answer) && answer[0] === 2
            return isOvertaken ? [1, 1, 0, 0, true] : answer
          },
      ),
  },
  {
    name: 'delta-as-value',
    about: 'fields of one delta replace those of another',
    plant: () =>
      replace(
        Table.prototype,
        'merged',
        merged =>
          function (this: Table, position, entry) {
            const whole = merged.call(this, position, entry)
            return whole === entry || entry.fields === undefined ? whole : { ...whole, fields: entry.fields }
          },
      ),
  },
]
