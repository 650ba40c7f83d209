import { Book, Broadcasts, Link, Membership, Peer, Plumtree, SequenceWindow } from '@p2p/mesh/internals'
import { type Break, replace } from '../breaks.ts'

const nothing = () => undefined

export const meshBreaks: readonly Break[] = [
  {
    name: 'no-duplicate-check',
    about: 'the first repetition of a broadcast counts as new, too',
    plant: () => {
      // If all of them did, the network would drown before anybody looks
      const repeated = new WeakMap<SequenceWindow, Set<number>>()
      return replace(
        SequenceWindow.prototype,
        'add',
        add =>
          function (this: SequenceWindow, sequence) {
            if (add.call(this, sequence)) return true
            const known = repeated.get(this) ?? new Set<number>()
            repeated.set(this, known)
            return !known.has(sequence) && known.add(sequence).size > 0
          },
      )
    },
  },
  {
    name: 'short-window',
    about: 'a number that is more than 4 behind the newest counts as seen',
    plant: () =>
      replace(
        SequenceWindow.prototype,
        'has',
        has =>
          function (this: SequenceWindow, sequence) {
            return this.newest - sequence > 4 || has.call(this, sequence)
          },
      ),
  },
  {
    name: 'no-retry',
    about: 'a seed, or a node that was met, is tried once and never again',
    plant: () => {
      const tried = new WeakMap<Book, Set<string>>()
      return replace(
        Book.prototype,
        'due',
        due =>
          function (this: Book, ...args) {
            const known = tried.get(this) ?? new Set<string>()
            tried.set(this, known)
            return due.apply(this, args).filter(target => {
              const name = 'seed' in target ? target.seed : target.contact.id
              return !known.has(name) && known.add(name)
            })
          },
      )
    },
  },
  {
    name: 'twins-kept',
    about: 'links of two nodes that dialled each other at once both stay',
    plant: () =>
      replace(
        Peer.prototype,
        'add',
        () =>
          function (this: Peer, link) {
            this.links.add(link)
          },
      ),
  },
  {
    name: 'no-repair',
    about: 'nobody gives a broadcast again that another node has missed',
    plant: () =>
      replace(
        Plumtree.prototype,
        'control',
        control =>
          function (this: Plumtree, from, message, streamOf, now) {
            if (message.type !== 'graft') control.call(this, from, message, streamOf, now)
          },
      ),
  },
  {
    name: 'no-merge',
    about: 'two parts of a network that meet stay two',
    plant: () => replace(Membership.prototype, 'merge', () => nothing),
  },
  {
    name: 'late-silence',
    about: 'a link is dead only after 20 s of silence',
    plant: () => limitSilence(20_000),
  },
  {
    name: 'hasty-silence',
    about: 'a link is dead after 3 s of silence, though a sign of life comes every 3.5 s',
    plant: () => limitSilence(3_000),
  },
  {
    name: 'moved-not-awaited',
    about: 'what comes on the link that stays is delivered before the rest of the one that goes',
    plant: () => replace(Link.prototype, 'hold', () => nothing),
  },
  {
    name: 'epoch-not-raised',
    about: 'a restarted node whose clock was set back numbers its broadcasts as in its former life',
    plant: () => replace(Broadcasts.prototype, 'known', () => nothing),
  },
  {
    name: 'timer-left',
    about: 'a mesh that is closed leaves the timer of its announcements',
    plant: () => replace(Broadcasts.prototype, 'close', () => nothing),
  },
]

/** Gives every link the same time-out, in milliseconds. */
const limitSilence = (milliseconds: number) => {
  const original = Object.getOwnPropertyDescriptor(Link.prototype, 'silenceLimit') as PropertyDescriptor
  Object.defineProperty(Link.prototype, 'silenceLimit', { get: () => milliseconds, configurable: true })
  return () => {
    Object.defineProperty(Link.prototype, 'silenceLimit', original)
  }
}
