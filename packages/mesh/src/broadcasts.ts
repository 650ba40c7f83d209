import type { Clock, MessageId, PeerId } from '@p2p/interfaces'
import { Plumtree, type TreeMessage } from './core/plumtree.ts'
import type { Newest, Stream } from './core/streams.ts'
import { type MeshLimits, times } from './limits.ts'
import type { Link } from './link/link.ts'
import { forged, type Signing, Turn } from './signing.ts'
import {
  ageOf,
  broadcastHeadLength,
  checkBroadcast,
  encodeBroadcast,
  epochOf,
  nameOffset,
  originOffset,
  sequenceOf,
  setAge,
  setEpoch,
} from './wire/broadcast.ts'
import { readNamed } from './wire/direct.ts'
import { BytePool } from './wire/byte-pool.ts'
import { idFromBytes, idToBytes } from './wire/ids.ts'
import { malformed } from './wire/malformed.ts'
import { Reader, readU48 } from './wire/reader.ts'
import { decodeSigned, entryOverhead, readEntries, signedHeadLength } from './wire/signed.ts'
import { decodeTree, encodeTree } from './wire/tree.ts'

/** A broadcast that arrived for the first time. `body` is a view, valid during the call. */
export interface Arrival {
  readonly id: MessageId
  readonly origin: PeerId
  readonly protocol: string
  readonly body: Uint8Array
  /** Milliseconds for which it was held on its way. */
  readonly age: number
}

/** What broadcasting needs of its node. */
export interface BroadcastsSettings {
  readonly self: PeerId
  readonly clock: Clock
  readonly limits: MeshLimits
  /** Where origins sign. */
  readonly signing: Signing | undefined
  /** Runs a function at the end of the current turn. */
  readonly schedule: (task: () => void) => void
  /** Whether to ask for what was sent, within the retention, before this node came. */
  readonly history: boolean
  /** The link to a peer. */
  readonly linkTo: (id: PeerId) => Link | undefined
  readonly deliver: (arrival: Arrival) => void
}

// An epoch is a time in milliseconds: one beyond the year 6000 is a lie, and believing it would silence us for ever.
const latestEpoch = 2 ** 47

/** To all: numbers our own messages, delivers those of others once, and does what the tree says. PROTOCOL.md, "To all". */
export class Broadcasts {
  readonly #settings: BroadcastsSettings
  // What each message needs has fields of its own: settings that were put together by a spread have a hidden class for each node (measured with 1000 in a process)
  readonly #self: PeerId
  readonly #clock: Clock
  readonly #signing: Signing | undefined
  readonly #deliver: (arrival: Arrival) => void
  readonly #tree: Plumtree
  /** For what the log keeps. */
  readonly #memory = new BytePool()
  #epoch: number
  #sequence = 0
  #passed = 0
  #repeated = 0
  #timer: Disposable | undefined
  #timerDue = Infinity
  #closed = false
  #met = false
  /** Where origins sign: what we have said in this turn. */
  #turn: Turn | undefined

  constructor(settings: BroadcastsSettings) {
    const { self, clock, limits, history, linkTo, signing, deliver } = settings
    this.#settings = settings
    this.#self = self
    this.#clock = clock
    this.#signing = signing
    this.#deliver = deliver
    this.#tree = new Plumtree(
      {
        self: idToBytes(self),
        retention: times.retention,
        logBytes: limits.log,
        origins: limits.origins,
        history,
        signed: signing !== undefined,
      },
      {
        payload: (to, message) => {
          this.#passed++
          linkTo(to)?.send(message)
        },
        again: (to, message, held) => {
          this.#passed++
          const copy = message.slice()
          setAge(copy, 0, ageOf(copy, 0) + held)
          linkTo(to)?.send(copy)
        },
        control: (to, message) => void linkTo(to)?.send(encodeTree(message)),
        wake: at => this.#wake(at),
      },
    )
    this.#epoch = Math.max(1, Math.floor(clock.now()))
  }

  /** Messages sent on, and arrivals of messages that were known. */
  get counts(): { readonly passed: number; readonly repeated: number } {
    return { passed: this.#passed, repeated: this.#repeated }
  }

  /** Neighbours to whom messages are pushed. */
  get eager(): readonly PeerId[] {
    return this.#tree.eager
  }

  /** The newest that is known of a node's broadcasts. */
  newestOf(id: PeerId): Newest {
    return this.#tree.streams.newestOf(id)
  }

  /** Bytes that a message takes beside its name and its body. */
  get overhead(): number {
    return this.#settings.signing === undefined ? broadcastHeadLength : signedHeadLength + entryOverhead
  }

  /**
   * Another node knows this of our own broadcasts: what we say must be above what we said in former lives. PROTOCOL.md, "To all".
   *
   * @throws `P2P_FORGED` where origins sign, for what we have not said
   */
  known(newest: Newest): void {
    const { epoch, sequence } = newest
    // A former life whose clock stood where ours stands shows itself by what we have not said, or have told nobody
    const former = epoch > this.#epoch || (epoch === this.#epoch && (!this.#met || sequence > this.#sequence))
    if (!former || epoch + 1 >= latestEpoch) return
    const signing = this.#signing
    if (epoch > 0 && signing?.isOurs(newest) === false)
      throw forged('a broadcast of ours that we have not said')
    this.flush()
    const before = this.#epoch
    this.#epoch = epoch + 1
    if (this.#met) this.#sequence = 0
    else this.#renumber(before)
  }

  neighbourUp(id: PeerId): void {
    this.#met = true
    this.#tree.neighbourUp(id)
  }

  neighbourDown(id: PeerId): void {
    this.#tree.neighbourDown(id)
  }

  send(protocol: string, body: Uint8Array): MessageId {
    const self = this.#self
    if (this.#signing !== undefined) return this.#say(protocol, body)
    const sequence = ++this.#sequence
    this.#spread(sequence, encodeBroadcast(self, this.#epoch, sequence, protocol, body))
    return messageId(self, this.#epoch, sequence)
  }

  /** Where origins sign: signs what was said so far in this turn, and sends it. */
  flush(): void {
    const turn = this.#turn
    const signing = this.#signing
    if (turn === undefined || signing === undefined) return
    this.#turn = undefined
    const message = turn.take()
    signing.seal(message, this.#epoch, turn.sequence)
    this.#spread(turn.sequence, message)
  }

  /** A SIGNED, which is a BROADCAST or more of them with a signature. @throws `P2P_MALFORMED`, `P2P_FORGED` */
  receiveSigned(from: PeerId, bytes: Uint8Array, start: number, end: number): void {
    const signing = this.#signing
    if (signing === undefined) throw malformed('a signed broadcast, which is not spoken here')
    const { entries } = decodeSigned(bytes, start, end)
    const age = ageOf(bytes, start)
    const epoch = epochOf(bytes, start)
    const sequence = sequenceOf(bytes, start)
    if (sequence === 0 || epoch >= latestEpoch) throw malformed('a broadcast with an impossible number')
    if (age > times.retention) return
    const named = readEntries(entries)
    const now = this.#clock.monotonic()
    const { streams } = this.#tree
    const origin = originOffset(start)
    let stream = streams.find(bytes, origin)
    // What was heard need not be proven again: whatever this is, it is not delivered
    if (stream?.proven !== true || !stream.window.has(sequence)) {
      if (stream === undefined && idFromBytes(bytes, origin) === this.#self) return
      const proven = signing.check(bytes, start, end)
      stream = streams.at(bytes, origin, epoch, now)
      if (stream === undefined || !streams.prove(stream, sequence)) return
      if (sequence > stream.window.newest) stream.newest = proven
    }
    if (!this.#tree.receive(from, stream, sequence, () => this.#memory.copy(bytes, start, end), now)) {
      this.#repeated++
      return
    }
    const id = messageId(stream.origin, epoch, sequence)
    for (const [index, { protocol, body }] of named.entries()) {
      this.#deliver({ id: `${id}/${index}`, origin: stream.origin, protocol, body, age })
    }
  }

  /** A BROADCAST. @throws `P2P_MALFORMED`; `P2P_FORGED` where origins sign */
  receive(from: PeerId, bytes: Uint8Array, start: number, end: number): void {
    if (this.#signing !== undefined) throw forged('a broadcast that nobody has signed')
    checkBroadcast(bytes, start, end)
    const age = ageOf(bytes, start)
    const epoch = epochOf(bytes, start)
    const sequence = sequenceOf(bytes, start)
    if (age > times.retention) return
    if (sequence === 0 || epoch >= latestEpoch) throw malformed('a broadcast with an impossible number')
    // All but the body must be sound before it is passed on: a neighbour would end its link to us for what is not
    const { protocol, body } = readNamed(
      new Reader(bytes, nameOffset(start), end),
      bytes[start + 3] as number,
    )
    const now = this.#clock.monotonic()
    const stream = this.#tree.streams.at(bytes, originOffset(start), epoch, now)
    if (stream === undefined) return
    const isNew = this.#tree.receive(from, stream, sequence, () => this.#memory.copy(bytes, start, end), now)
    if (isNew) {
      const id = messageId(stream.origin, epoch, sequence)
      this.#deliver({ id, origin: stream.origin, protocol, body, age })
    } else this.#repeated++
  }

  /** @returns whether the kind is one of the tree's. @throws `P2P_MALFORMED` */
  receiveTree(from: PeerId, bytes: Uint8Array, start: number, end: number): boolean {
    const message = decodeTree(bytes, start, end)
    if (message === undefined) return false
    this.control(from, message)
    return true
  }

  /** What a neighbour says about broadcasts. */
  control(from: PeerId, message: TreeMessage): void {
    const now = this.#clock.monotonic()
    this.#tree.control(from, message, key => this.#streamOf(key, now), now)
  }

  tick(): void {
    this.#tree.tick(this.#clock.monotonic())
  }

  close(): void {
    this.#closed = true
    this.#timer?.[Symbol.dispose]()
  }

  /** Where origins sign, what is said in a turn goes together. */
  #say(protocol: string, body: Uint8Array): MessageId {
    const { self, limits, schedule } = this.#settings
    if (this.#turn?.hasRoomFor(protocol, body) === false) this.flush()
    if (this.#turn === undefined) {
      this.#turn = new Turn(++this.#sequence, limits.message)
      schedule(() => this.flush())
    }
    const index = this.#turn.add(protocol, body)
    return `${messageId(self, this.#epoch, this.#turn.sequence)}/${index}`
  }

  /** A message of our own. */
  #spread(sequence: number, message: Uint8Array): void {
    const self = this.#self
    const now = this.#clock.monotonic()
    // Looked up each time: a stream that was silent for long is forgotten, our own too
    const { streams } = this.#tree
    const stream = streams.own(self, this.#epoch) ?? streams.addOwn(self, this.#epoch, now)
    this.#tree.send(stream, sequence, message, now)
  }

  /** What was said before anybody could hear it gets the new epoch: nobody has heard it under another one. */
  #renumber(before: number): void {
    const stream = this.#tree.streams.own(this.#settings.self, before)
    if (stream === undefined) return
    const signing = this.#signing
    for (const { bytes } of stream.log.values()) {
      if (signing === undefined) setEpoch(bytes, 0, this.#epoch)
      else signing.renew(bytes, this.#epoch)
    }
    this.#tree.streams.renumber(stream, this.#epoch)
  }

  #streamOf(key: string, now: number): Stream | undefined {
    const known = this.#tree.streams.get(key)
    if (known !== undefined) return known
    const bytes = Uint8Array.from(key, character => character.charCodeAt(0))
    const epoch = readU48(bytes, bytes.length - 6)
    return epoch < latestEpoch ? this.#tree.streams.at(bytes, 0, epoch, now) : undefined
  }

  #wake(at: number): void {
    if (this.#closed || at >= this.#timerDue) return
    const clock = this.#clock
    this.#timer?.[Symbol.dispose]()
    this.#timerDue = at
    // Not a moment too early, or there is nothing to do yet, again and again
    this.#timer = clock.after(Math.floor(at - clock.monotonic()) + 1, () => {
      this.#timerDue = Infinity
      this.#wake(this.#tree.repair(clock.monotonic()))
    })
  }
}

const messageId = (origin: PeerId, epoch: number, sequence: number): MessageId =>
  `${origin}/${epoch}/${sequence}`
