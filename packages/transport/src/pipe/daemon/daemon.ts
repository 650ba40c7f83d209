import type { Address, CloseInfo, WaitOptions } from '@p2p/interfaces'
import type { Pipe } from '../pipe.ts'
import type { MessageSource } from '../source.ts'
import type { DaemonEvents, Peer } from './options.ts'
import type { Targets } from './targets.ts'

/** What became of a target to listen at. */
export interface ListenReport {
  /** What was asked for. */
  readonly target: Address
  /** Where it really listens. */
  readonly address?: Address
  /** Where others can reach it, best first. */
  readonly reachable?: readonly Address[]
  /** Why it does not. */
  readonly error?: Error
}

/** What became of an address that was dialled. */
export interface DialReport<T = Uint8Array> {
  readonly target: Address
  readonly peer?: Peer<T>
  readonly error?: Error
}

/**
 * Listens at any number of addresses and dials any number of peers, at any time, and hands the messages of all of them to one set of handlers.
 *
 * Events: `message`, `error`, `close`, `peer`, `leave`, `refused`, `slow`, `tick`. Messages of one peer are handled one after another, those of different peers side by side: while a
 * handler's promise is pending the peer's next messages wait, and beyond a queue (1024 messages, 1 MiB) the peer is not read.
 */
export interface Daemon<T = Uint8Array> extends MessageSource<T, DaemonEvents<T>>, AsyncDisposable {
  /** Who is here. */
  readonly peers: ReadonlySet<Peer<T>>
  /** Where it listens. */
  readonly addresses: readonly Address[]

  /**
   * Listens at addresses, and at all combinations of hosts, ports, protocols and families. Wildcards of IPv6 leave IPv4 alone: they have listeners of their own. Default
   * deadline 10 000 ms.
   *
   * @returns for every target where it listens, or the error
   * @throws `P2P_NO_TARGET` if it listens at none of them (its `cause` is an `AggregateError`); RangeError for no targets, or more than 1024; `P2P_PIPE_CLOSED`
   */
  listen(
    targets: Address | Targets | readonly (Address | Targets)[],
    options?: WaitOptions,
  ): Promise<ListenReport[]>

  /** Dials one peer. Default deadline 10 000 ms. @throws `P2P_NOT_ADMITTED`, `P2P_PEER_LIMIT`, `P2P_PIPE_CLOSED`, `P2P_NO_TRANSPORT`, an error of the transport */
  dial(address: Address, options?: WaitOptions): Promise<Peer<T>>

  /** Dials several peers at once. @returns for each the peer, or the error. @throws `P2P_NO_TARGET` if none of them is there; RangeError for no addresses */
  dialAll(addresses: readonly Address[], options?: WaitOptions): Promise<DialReport<T>[]>

  /** The peer at an address, or at the other end of a pipe: `daemon.peer(message.pipe)`. Where several have one address, the latest. */
  peer(of: Address | Pipe<T>): Peer<T> | undefined

  /**
   * Sends a message to one peer, or to all. It is encoded once.
   *
   * @returns how many peers' queues have taken it: see the option `slowPeers`. `peer.pipe.drained()` waits for one
   * @throws `P2P_UNKNOWN_PEER`; what the codec throws; for one peer what {@link Pipe.send} throws, which for all is an `error` event
   */
  send(message: T, to?: Address | Pipe<T>): number

  /** Sends what is encoded already, or needs no codec; otherwise as {@link send}. */
  sendFrame(payload: Uint8Array, to?: Address | Pipe<T>): number

  /** Stops listening and closes all peers' pipes. Idempotent. */
  close(): Promise<void>

  /** Resolves when the daemon has closed. */
  readonly closed: Promise<CloseInfo>
}
