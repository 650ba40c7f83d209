import type { Address, Connection, WaitOptions } from '@p2p/interfaces'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { SimulationError } from '../errors.ts'
import type { Scheduled } from '../time/event-queue.ts'
import { formatAddress } from './address.ts'
import { SimulatedConnection } from './connection.ts'
import type { Medium } from './medium.ts'
import type { NetworkHost } from './network-host.ts'
import type { Place } from './place.ts'
import type { Segment } from './segment.ts'
import { Stream, type StreamReader, type StreamWriter } from './stream.ts'

const dialTimeout = 10_000

/** Who dials whom. */
export interface DialParts {
  readonly medium: Medium
  readonly host: NetworkHost
  readonly to: Place
  readonly port: number
}

/** Opens a connection from a host to a port of a place. */
export const dial = (parts: DialParts, options: WaitOptions = {}): Promise<Connection> => {
  const { signal, timeout = dialTimeout } = options
  const what = `a connection to ${formatAddress(parts.to.name, parts.port)}`
  return wait<Connection>({ clock: parts.host.clock, what, signal, timeout }, waiter => {
    const attempt = new Dial(parts, waiter)
    return () => attempt.giveUp()
  })
}

/**
 * A connection in the making, at the end of who dials. It asks until it is answered, given up, or gone with its host: nobody answers for
 * a host that is down or cut off.
 */
class Dial implements StreamReader, StreamWriter, Scheduled {
  readonly cancelled = false
  readonly #parts: DialParts
  readonly #waiter: Waiter<Connection>
  readonly #local: Address
  readonly #remote: Address
  readonly #outgoing: Stream
  readonly #incoming: Stream
  #connection: SimulatedConnection | undefined
  #given = false

  constructor(parts: DialParts, waiter: Waiter<Connection>) {
    const { medium, host, to, port } = parts
    this.#parts = parts
    this.#waiter = waiter
    this.#local = formatAddress(host.name, host.takePort())
    this.#remote = formatAddress(to.name, port)
    const path = {
      medium,
      random: medium.random.fork(`${this.#local} ${this.#remote}`),
      latency: medium.latencyBetween(host.place, to),
    }
    this.#outgoing = new Stream(path, host.place, to)
    this.#incoming = new Stream(path, to, host.place)
    this.#outgoing.writer = this
    this.#outgoing.reader = { receive: segment => this.#knock(segment) }
    this.#incoming.reader = this
    host.connections.add(this)
    this.#outgoing.sign('open')
  }

  /** At the other host: somebody dials. Its kernel answers, whether its process runs or not. */
  #knock(segment: Segment): void {
    const { medium, to, port } = this.#parts
    medium.segments.give(segment)
    const listening = to.host
    const listener = listening?.listeners.get(port)
    if (listening === undefined || listener === undefined) {
      this.#incoming.reset()
      return
    }
    this.#incoming.sign('accepted')
    const inbound = new SimulatedConnection(
      {
        direction: 'inbound',
        local: this.#remote,
        remote: this.#local,
        medium,
        host: listening,
        outgoing: this.#incoming,
        incoming: this.#outgoing,
      },
      connection => listener.hand(connection),
    )
    inbound.establish()
  }

  receive(segment: Segment): void {
    const { medium, host } = this.#parts
    const { kind } = segment
    medium.segments.give(segment)
    if (!host.connections.delete(this)) {
      // Given up meanwhile: nobody is here for this connection.
      if (kind !== 'reset') this.#outgoing.reset()
    } else if (kind !== 'accepted') {
      if (host.clock.paused) host.clock.defer(this)
      else this.fire()
    } else {
      medium.onEvent?.(host.name, `connected to ${this.#remote}`)
      this.#connection = new SimulatedConnection(
        {
          direction: 'outbound',
          local: this.#local,
          remote: this.#remote,
          medium,
          host,
          outgoing: this.#outgoing,
          incoming: this.#incoming,
        },
        connection => {
          this.#given = true
          this.#waiter.resolve(connection)
        },
      )
      this.#connection.establish()
    }
  }

  /** It was refused. */
  fire(): void {
    const { medium, host } = this.#parts
    medium.clock.enter(host.clock)
    const what = `dialling ${this.#remote}: nobody listens there`
    this.#waiter.reject(new SimulationError('P2P_CONNECTION_REFUSED', what))
  }

  /** The wait for it has ended, in whatever way. */
  giveUp(): void {
    if (this.#given) return
    this.crash()
    this.#connection?.abort()
  }

  crash(): void {
    if (this.#parts.host.connections.delete(this)) this.#outgoing.clear()
  }

  kill(): void {
    this.crash()
  }

  roomCame(): void {
    // A dial writes nothing that could wait for room.
  }

  release(): void {
    // As above.
  }

  lost(): void {
    // A dial asks for as long as it is allowed to.
  }
}
