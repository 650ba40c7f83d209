import type { PeerId } from '@p2p/interfaces'
import { idFromBytes, idLength } from '../wire/ids.ts'
import { latin1 } from '../wire/reader.ts'
import { writeU48 } from '../wire/writer.ts'
import { StreamLog } from './message-log.ts'
import { SequenceWindow } from './sequence-window.ts'

/** Length of a stream's key on the wire: the origin's id and the epoch, as they stand in a BROADCAST. */
export const streamKeyLength: number = idLength + 6

/** The broadcasts of one origin in one epoch, numbered from 1. */
export interface Stream {
  /** Origin and epoch, a character per byte. */
  readonly key: string
  readonly origin: PeerId
  readonly epoch: number
  readonly window: SequenceWindow
  /** Its recent messages. */
  readonly log: StreamLog
  /** Numbers that we lack, and whom to ask. */
  missing: ReadonlyMap<number, Missing>
  /** When it was last heard, in monotonic milliseconds. */
  heard: number
  /** Whether anything of it has come. Where origins sign, others' word for a stream does not count as long as nothing has; elsewhere it does. */
  proven: boolean
  /** Numbers up to this one were said before we came, if somebody's word for that is true: they are not asked for. */
  floor: number
  /** Where origins sign: the newest that has come, which can be shown to the origin. */
  newest: Newest | undefined
}

/** That an origin has said what has an epoch and a number, as it can be shown to the origin itself. */
export interface Proof {
  /** SHA-256 of what was said; 32 bytes. */
  readonly digest: Uint8Array
  /** 64 bytes. */
  readonly signature: Uint8Array
}

/** The newest that is known of an origin's broadcasts: its highest epoch, and the greatest number that counts as seen there. Zeros if nothing is. */
export interface Newest {
  readonly epoch: number
  readonly sequence: number
  /** Where origins sign. */
  readonly proof?: Proof | undefined
}

/** A message that somebody has and we have not. */
export interface Missing {
  /** Who is known to have it, the next to be asked first. */
  readonly sources: PeerId[]
  /** When to ask, in monotonic milliseconds. */
  due: number
}

/** There may be thousands of streams, and nearly none lacks anything: a map for each would be a third of their memory. */
export const nothingMissing: ReadonlyMap<number, Missing> = new Map<number, Missing>()

/** Bounds of {@link Streams}. */
export interface StreamsSettings {
  /** Milliseconds after which a silent stream is forgotten: at least twice the retention, so that no message can come back as new. */
  readonly memory: number
  /** Most streams remembered; beyond, the one that has been silent longest is forgotten. */
  readonly limit: number
  /** Our own id, 48 bytes: what claims to come from us does not. */
  readonly self: Uint8Array
  /** Whether origins sign. */
  readonly signed: boolean
  /** Told that a stream is forgotten. */
  readonly forgotten: (stream: Stream) => void
}

/** An origin that was restarted may have messages of its former life on their way; of older lives nobody waits for any. */
const epochsKept = 2

/** Most streams that were announced and of which nothing has come yet, where origins sign. */
const maxUnproven = 1_024

/**
 * Which broadcasts were seen, per origin and epoch: the reason that a message is delivered at most once. No clock of another node matters here.
 * PROTOCOL.md, "To all".
 */
export class Streams {
  readonly #settings: StreamsSettings
  readonly #self: string
  readonly #streams = new Map<string, Stream>()
  /** Each origin's streams, newest epoch first. */
  readonly #byOrigin = new Map<PeerId, Stream[]>()
  /** Where origins sign: streams of which nothing has come yet, the oldest first … */
  readonly #unproven = new Set<Stream>()
  /** … and how far those had come that were forgotten, so that nobody can repeat them. The one forgotten longest ago first. */
  readonly #former = new Map<PeerId, Newest>()
  // Messages of one stream come in runs
  #last: Stream | undefined

  constructor(settings: StreamsSettings) {
    this.#settings = settings
    this.#self = latin1(settings.self, 0, idLength)
  }

  get size(): number {
    return this.#streams.size
  }

  values(): Iterable<Stream> {
    return this.#streams.values()
  }

  /** The stream whose 54 bytes of origin and epoch stand at `at`, if it is known. */
  find(bytes: Uint8Array, at: number): Stream | undefined {
    const key = latin1(bytes, at, streamKeyLength)
    return this.#last?.key === key ? this.#last : this.#streams.get(key)
  }

  /** … made if it is new, unless it is our own or of a former epoch. */
  at(bytes: Uint8Array, at: number, epoch: number, now: number): Stream | undefined {
    const key = latin1(bytes, at, streamKeyLength)
    const known = this.#last?.key === key ? this.#last : this.#streams.get(key)
    if (known !== undefined) {
      this.#last = known
      return known
    }
    if (key.startsWith(this.#self)) return undefined
    const origin = idFromBytes(bytes, at)
    return this.#settings.signed
      ? this.#addUnproven(key, origin, epoch, now)
      : this.#add(key, origin, epoch, now)
  }

  /**
   * Where origins sign: something of the stream has come, and its origin has said it. There is no way back to a former epoch, except to finish one that was heard
   * in its time. @returns whether it may be taken
   */
  prove(stream: Stream, sequence: number): boolean {
    if (stream.proven) return true
    const { origin, epoch } = stream
    const former = this.#former.get(origin)
    this.#unproven.delete(stream)
    if (epoch < this.newestOf(origin).epoch) {
      this.#drop(stream)
      return false
    }
    if (this.#streams.size - this.#unproven.size > this.#settings.limit) this.#removeSilent()
    stream.proven = true
    stream.floor = Math.min(stream.floor, sequence - 1)
    if (former?.epoch === epoch) stream.window.startAfter(former.sequence)
    this.#former.delete(origin)
    this.#enlist(stream)
    return true
  }

  /** Somebody says that all up to this number was said before we came. Of a stream that nobody has proven, that is no reason not to take it. */
  past(stream: Stream, isNew: boolean, last: number): void {
    if (!stream.proven) stream.floor = Math.max(stream.floor, last)
    else if (isNew) stream.window.startAfter(last)
  }

  /** The stream of our own broadcasts in this epoch, if there is one. */
  own(origin: PeerId, epoch: number): Stream | undefined {
    return this.#byOrigin.get(origin)?.find(stream => stream.epoch === epoch)
  }

  /** … made. */
  addOwn(origin: PeerId, epoch: number, now: number): Stream {
    return this.#enlist(this.#create(this.#ownKey(epoch), origin, epoch, now))
  }

  /** Gives a stream of our own, which nobody has heard of, another epoch. */
  renumber(stream: Stream, epoch: number): void {
    this.#streams.delete(stream.key)
    const renumbered = { ...stream, key: this.#ownKey(epoch), epoch }
    this.#streams.set(renumbered.key, renumbered)
    this.#byOrigin.set(stream.origin, [renumbered])
  }

  /** The stream with this key, if it is known. */
  get(key: string): Stream | undefined {
    return this.#streams.get(key)
  }

  /** The newest that is known of a node's broadcasts. */
  newestOf(origin: PeerId): Newest {
    const stream = this.#byOrigin.get(origin)?.[0]
    if (this.#settings.signed) return stream?.newest ?? this.#former.get(origin) ?? { epoch: 0, sequence: 0 }
    return { epoch: stream?.epoch ?? 0, sequence: stream?.window.newest ?? 0 }
  }

  /**
   * Forgets the streams that have been silent for too long, all of an origin at once: as long as the newer ones are known, one that gave way to them is not begun
   * again, and what was delivered of it is not new.
   */
  forget(now: number): void {
    const isSilent = ({ heard }: Stream) => now - heard >= this.#settings.memory
    for (const stream of this.#streams.values()) {
      if (isSilent(stream) && (this.#byOrigin.get(stream.origin)?.every(isSilent) ?? true))
        this.#remove(stream)
    }
  }

  #ownKey(epoch: number): string {
    const bytes = new Uint8Array(6)
    writeU48(bytes, 0, epoch)
    return this.#self + latin1(bytes, 0, 6)
  }

  #add(key: string, origin: PeerId, epoch: number, now: number): Stream | undefined {
    const lives = this.#byOrigin.get(origin) ?? []
    if (lives.length >= epochsKept && (lives.at(-1)?.epoch ?? 0) > epoch) return undefined
    if (this.#streams.size >= this.#settings.limit) this.#removeSilent()
    return this.#enlist(this.#create(key, origin, epoch, now))
  }

  #addUnproven(key: string, origin: PeerId, epoch: number, now: number): Stream {
    if (this.#unproven.size >= maxUnproven) {
      for (const oldest of this.#unproven) {
        this.#remove(oldest)
        break
      }
    }
    const stream = this.#create(key, origin, epoch, now)
    stream.proven = false
    this.#unproven.add(stream)
    return stream
  }

  #create(key: string, origin: PeerId, epoch: number, now: number): Stream {
    const stream: Stream = {
      key,
      origin,
      epoch,
      window: new SequenceWindow(),
      log: new StreamLog(),
      missing: nothingMissing,
      heard: now,
      proven: true,
      floor: 0,
      newest: undefined,
    }
    this.#streams.set(key, stream)
    return stream
  }

  /** Adds it to what is known of its origin. */
  #enlist(stream: Stream): Stream {
    const { origin } = stream
    const others = this.#byOrigin.get(origin)
    const lives = others === undefined ? [stream] : [...others, stream].sort((a, b) => b.epoch - a.epoch)
    this.#byOrigin.set(origin, lives)
    if (others === undefined) return stream
    for (const former of lives.slice(epochsKept)) this.#remove(former)
    return stream
  }

  #removeSilent(): void {
    let silent: Stream | undefined
    for (const stream of this.#streams.values()) {
      if (stream.proven && stream.heard < (silent?.heard ?? Infinity)) silent = stream
    }
    if (silent !== undefined) this.#remove(silent)
  }

  #drop(stream: Stream): void {
    this.#streams.delete(stream.key)
    this.#unproven.delete(stream)
    this.#settings.forgotten(stream)
    if (this.#last === stream) this.#last = undefined
  }

  #remove(stream: Stream): void {
    this.#drop(stream)
    if (!stream.proven) return
    this.#remember(stream)
    const lives = (this.#byOrigin.get(stream.origin) ?? []).filter(life => life !== stream)
    if (lives.length === 0) this.#byOrigin.delete(stream.origin)
    else this.#byOrigin.set(stream.origin, lives)
  }

  #remember({ origin, newest }: Stream): void {
    const { signed, limit } = this.#settings
    if (!signed || newest === undefined) return
    if ((this.#former.get(origin)?.epoch ?? 0) > newest.epoch) return
    this.#former.delete(origin)
    this.#former.set(origin, newest)
    if (this.#former.size <= limit) return
    for (const longest of this.#former.keys()) {
      this.#former.delete(longest)
      break
    }
  }
}
