import type { PeerId } from '@p2p/interfaces'
import { idFromBytes, idLength } from '../wire/ids.ts'
import { latin1 } from '../wire/reader.ts'
import { writeU48 } from '../wire/writer.ts'
import type { LoggedMessage } from './message-log.ts'
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
  readonly log: Map<number, LoggedMessage>
  /** Numbers that we lack, and whom to ask. */
  missing: ReadonlyMap<number, Missing>
  /** When it was last heard, in monotonic milliseconds. */
  heard: number
}

/** The newest that is known of an origin's broadcasts: its highest epoch, and the greatest number that counts as seen there. Zeros if nothing is. */
export interface Newest {
  readonly epoch: number
  readonly sequence: number
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
  /** Told that a stream is forgotten. */
  readonly forgotten: (stream: Stream) => void
}

/** An origin that was restarted may have messages of its former life on their way; of older lives nobody waits for any. */
const epochsKept = 2

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

  /** The stream whose 54 bytes of origin and epoch stand at `at`; made if it is new, unless it is our own or of a former epoch. */
  at(bytes: Uint8Array, at: number, epoch: number, now: number): Stream | undefined {
    const key = latin1(bytes, at, streamKeyLength)
    const known = this.#last?.key === key ? this.#last : this.#streams.get(key)
    if (known !== undefined) {
      this.#last = known
      return known
    }
    return key.startsWith(this.#self) ? undefined : this.#add(key, idFromBytes(bytes, at), epoch, now)
  }

  /** The stream of our own broadcasts in this epoch, if there is one. */
  own(origin: PeerId, epoch: number): Stream | undefined {
    return this.#byOrigin.get(origin)?.find(stream => stream.epoch === epoch)
  }

  /** … made. */
  addOwn(origin: PeerId, epoch: number, now: number): Stream {
    return this.#insert(this.#ownKey(epoch), origin, epoch, now)
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
    return { epoch: stream?.epoch ?? 0, sequence: stream?.window.newest ?? 0 }
  }

  /** Forgets the streams that have been silent for too long. */
  forget(now: number): void {
    for (const stream of this.#streams.values()) {
      if (now - stream.heard >= this.#settings.memory) this.#remove(stream)
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
    return this.#insert(key, origin, epoch, now)
  }

  #insert(key: string, origin: PeerId, epoch: number, now: number): Stream {
    const stream: Stream = {
      key,
      origin,
      epoch,
      window: new SequenceWindow(),
      log: new Map<number, LoggedMessage>(),
      missing: nothingMissing,
      heard: now,
    }
    this.#streams.set(key, stream)
    const lives = [...(this.#byOrigin.get(origin) ?? []), stream].sort((a, b) => b.epoch - a.epoch)
    this.#byOrigin.set(origin, lives)
    for (const former of lives.slice(epochsKept)) this.#remove(former)
    return stream
  }

  #removeSilent(): void {
    let silent: Stream | undefined
    for (const stream of this.#streams.values()) {
      if (stream.heard < (silent?.heard ?? Infinity)) silent = stream
    }
    if (silent !== undefined) this.#remove(silent)
  }

  #remove(stream: Stream): void {
    this.#streams.delete(stream.key)
    this.#settings.forgotten(stream)
    if (this.#last === stream) this.#last = undefined
    const lives = (this.#byOrigin.get(stream.origin) ?? []).filter(life => life !== stream)
    if (lives.length === 0) this.#byOrigin.delete(stream.origin)
    else this.#byOrigin.set(stream.origin, lives)
  }
}
