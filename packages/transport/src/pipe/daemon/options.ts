import type { Address, Clock, CloseInfo, Codec, Framing } from '@p2p/interfaces'
import type { Message, QueueOptions } from '../message.ts'
import type { TransportOptions } from '../open.ts'
import type { Pipe } from '../pipe.ts'
import type { SourceEvents } from '../source.ts'

/** Somebody that a daemon talks with. */
export interface Peer<T = Uint8Array> {
  /** The other end. */
  readonly address: Address
  readonly pipe: Pipe<T>
  /** Messages to it that were dropped because its queue was full. */
  readonly dropped: number
}

/** Who asks to be admitted. */
export interface Candidate<T = Uint8Array> {
  /** `accept`: somebody has come. `dial`: we are about to dial. `message`: a peer that is here has sent something. */
  readonly stage: 'accept' | 'dial' | 'message'
  readonly address: Address
  /** At the stage `message`. */
  readonly message?: Message<T>
}

/** Somebody, or a message, that was not let in. */
export interface Refusal {
  readonly stage: Candidate['stage']
  readonly address: Address
  /** `P2P_NOT_ADMITTED`, `P2P_ADMISSION_FAILED`, or `P2P_PEER_LIMIT`. */
  readonly error: Error
}

/** Events of a daemon. */
export interface DaemonEvents<T> extends SourceEvents<T> {
  /** Somebody is here, dialled or accepted. */
  peer: (peer: Peer<T>) => unknown
  /** A peer has gone, and why. */
  leave: (peer: Peer<T>, info: CloseInfo) => unknown
  /** Somebody, or a message, was not let in. */
  refused: (refusal: Refusal) => unknown
  /** A peer's queue is full; told once until it has room again. */
  slow: (peer: Peer<T>) => unknown
  /** Every `tickInterval`, with the milliseconds since the last one. The beats do not drift: one that is late does not delay the next, one that is a whole interval late is left out. */
  tick: (elapsed: number) => unknown
}

/** Where a daemon writes what happens: the `console` is one, and so are the loggers in use. */
export interface DaemonLogger {
  debug(message: string): void
  warn(message: string): void
}

/** Options of {@link createDaemon}. */
export interface DaemonOptions<T = Uint8Array> extends TransportOptions {
  /**
   * How messages are told apart in streams.
   *
   * @default lengthPrefixed(): four bytes of length, big-endian, as socktools has it (S2)
   */
  readonly framing?: Framing
  /**
   * What values are made of messages; {@link messages} makes typed ones.
   *
   * @default none: messages are bytes
   */
  readonly codec?: Codec<T>
  /** Limits of the inbox of `recv` and `for await`. */
  readonly inbox?: QueueOptions
  /**
   * Says who, and which messages, are let in. A client or a message waits while its promise is pending; one that throws or rejects counts as no.
   *
   * @default everybody
   */
  readonly admit?: (candidate: Candidate<T>) => boolean | Promise<boolean>
  /**
   * Milliseconds without a byte, or a datagram, after which a peer is dropped with `P2P_IDLE_PEER`. It is found within a quarter of this time. `Infinity`: never. A peer that is not
   * read because our handlers are behind is not idle.
   *
   * @default 10 000, as in socktools (S5)
   */
  readonly idleTimeout?: number
  /**
   * Milliseconds of silence of ours after which a peer is sent an empty message, so that it does not take us for gone: a peer that only listens and does the same is never dropped. Empty
   * messages that come are given to nobody. `false`: none are sent, and an empty message is a message.
   *
   * @default a third of `idleTimeout`; `false` where `idleTimeout` is `Infinity` or the framing has no empty messages
   */
  readonly keepAlive?: number | false
  /**
   * Milliseconds between two `tick` events.
   *
   * @default 250, as in socktools (S5)
   */
  readonly tickInterval?: number
  /**
   * Peers at a time. One above is turned away with `P2P_PEER_LIMIT`.
   *
   * @default 1024
   */
  readonly maxPeers?: number
  /**
   * Bytes that may wait for one peer. A message that would exceed them is not sent to it; to an empty queue any message goes.
   *
   * @default 262 144, the mark of connections
   */
  readonly peerQueue?: number
  /**
   * What happens to a peer that does not read, when a message for it does not fit its queue: `drop` drops the message and counts it, `disconnect` drops the peer with
   * `P2P_SLOW_PEER`. Nobody else notices either.
   *
   * @default 'drop'
   */
  readonly slowPeers?: 'drop' | 'disconnect'
  /**
   * Told in a line each who comes, goes and is refused, and what fails.
   *
   * @default nobody is told
   */
  readonly logger?: DaemonLogger
  /**
   * Whose time everything is in.
   *
   * @default the machine's
   */
  readonly clock?: Clock
}

/** Limits and times of daemons where nothing else is said. */
export const daemonDefaults: Required<
  Pick<DaemonOptions, 'idleTimeout' | 'tickInterval' | 'maxPeers' | 'peerQueue'>
> = {
  idleTimeout: 10_000,
  tickInterval: 250,
  // A queue of `peerQueue` bytes for each of them is 256 MiB.
  maxPeers: 1_024,
  peerQueue: 262_144,
}
