import type { Address, Clock, CloseInfo } from '@p2p/interfaces'
import { PipeError } from '../errors.ts'
import type { Pipe } from '../pipe.ts'
import type { Peer } from './options.ts'

/** A peer, and what its daemon notes about it. */
interface PeerState<T> extends Peer<T> {
  dropped: number
  /** Whether its queue was full when it was last sent to. */
  slow: boolean
}

/** What the register keeps to, and whom it tells. */
export interface PeersSettings<T> {
  readonly clock: Clock
  readonly idleTimeout: number
  readonly queue: number
  readonly disconnectsSlow: boolean
  readonly onLeave: (peer: Peer<T>, info: CloseInfo) => void
  readonly onSlow: (peer: Peer<T>) => void
}

/** Who is here: found by address and by pipe, dropped when silent, and sent to within the limits of its queue. */
export class Peers<T> {
  readonly all: Set<Peer<T>> = new Set()
  readonly #byPipe = new Map<Pipe<T>, PeerState<T>>()
  readonly #byAddress = new Map<Address, PeerState<T>>()
  readonly #settings: PeersSettings<T>
  #sweep: Disposable | undefined

  constructor(settings: PeersSettings<T>) {
    this.#settings = settings
  }

  /** Takes a pipe in until it ends. */
  add(pipe: Pipe<T>, address: Address): Peer<T> {
    const peer: PeerState<T> = { address, pipe, dropped: 0, slow: false }
    this.all.add(peer)
    this.#byPipe.set(pipe, peer)
    this.#byAddress.set(address, peer)
    void pipe.closed.then(info => {
      this.all.delete(peer)
      this.#byPipe.delete(pipe)
      if (this.#byAddress.get(address) === peer) this.#byAddress.delete(address)
      if (this.all.size === 0) this.stop()
      this.#settings.onLeave(peer, info)
    })
    this.#watch()
    return peer
  }

  find(of: Address | Pipe<T>): Peer<T> | undefined {
    return typeof of === 'string' ? this.#byAddress.get(of) : this.#byPipe.get(of)
  }

  /** Sends to a peer, if its queue has room. @returns whether it had. @throws what the pipe throws */
  offer(pipe: Pipe<T>, payload: Uint8Array): boolean {
    const peer = this.#byPipe.get(pipe)
    if (peer === undefined) return false
    const { queued } = pipe
    if (queued > 0 && queued + payload.length > this.#settings.queue) {
      peer.dropped++
      if (!peer.slow) {
        peer.slow = true
        this.#settings.onSlow(peer)
      }
      if (this.#settings.disconnectsSlow) {
        pipe.abort(
          new PipeError('P2P_SLOW_PEER', `${peer.address} does not read: ${queued} bytes wait for it`),
        )
      }
      return false
    }
    peer.slow = false
    pipe.sendFrame(payload)
    return true
  }

  /** Stops looking for silent peers. */
  stop(): void {
    this.#sweep?.[Symbol.dispose]()
    this.#sweep = undefined
  }

  /** One timer for all peers. */
  #watch(): void {
    const { clock, idleTimeout } = this.#settings
    if (this.#sweep !== undefined || idleTimeout === Infinity) return
    this.#sweep = clock.after(idleTimeout / 4, () => {
      this.#sweep = undefined
      const oldest = clock.monotonic() - idleTimeout
      for (const { pipe, address } of this.all) {
        if (pipe.paused || pipe.lastReceived > oldest) continue
        pipe.abort(new PipeError('P2P_IDLE_PEER', `nothing has come from ${address} for ${idleTimeout} ms`))
      }
      if (this.all.size > 0) this.#watch()
    })
  }
}
