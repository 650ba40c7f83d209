import {
  type Address,
  type Connection,
  type Listener,
  type Transport,
  WaitError,
  type WaitOptions,
} from '@p2p/interfaces'
import { SimulationError } from '../errors.ts'
import type { HostClock } from '../time/host-clock.ts'
import { formatAddress, parseAddress } from './address.ts'
import { dial } from './dial.ts'
import { SimulatedListener } from './listener.ts'
import type { Medium } from './medium.ts'
import type { Place } from './place.ts'

// The range of IANA's dynamic ports (RFC 6335).
const firstDynamicPort = 49_152
const lastPort = 65_535

/** What ends with its host. */
interface Mortal {
  crash(): void
  kill(): void
}

/** A host of a simulated network, from its start to its crash. */
export class NetworkHost {
  /** As it was given to `SimulatedNetwork.host`. */
  readonly name: string
  /** The clock of what runs here. */
  readonly clock: HostClock
  /** Dials and listens as this host. Its addresses are `sim://NAME:PORT`; port 0 asks for any that is free. */
  readonly transport: Transport
  /** Where it stands in its network. */
  readonly place: Place
  /** Its open doors, by port. */
  readonly listeners: Map<number, SimulatedListener> = new Map()
  /** Its ends of connections, also those in the making. */
  readonly connections: Set<Mortal> = new Set()
  readonly #medium: Medium
  #dynamicPort = firstDynamicPort

  /** Made by `SimulatedNetwork.host`. */
  constructor(place: Place, clock: HostClock, medium: Medium, find: (name: string) => Place | undefined) {
    this.name = place.name
    this.place = place
    this.clock = clock
    this.#medium = medium
    this.transport = {
      scheme: 'sim',
      dial: async (address, options) => {
        const { host, port } = parseAddress(address)
        if (port === 0)
          throw new SimulationError('P2P_BAD_ADDRESS', `${address} cannot be dialled: nobody has port 0`)
        this.#checkUp()
        const to = find(host)
        if (to === undefined) {
          throw new SimulationError('P2P_HOST_UNKNOWN', `dialling ${address}: there is no host of that name`)
        }
        return dial({ medium, host: this, to, port }, options)
      },
      listen: (address, accept, options) => this.#listen(address, accept, options),
    }
  }

  /** Whether it has not crashed. */
  get up(): boolean {
    return this.place.host === this
  }

  /**
   * The power fails: nothing here runs any more and nobody is told. What has left may arrive; the other ends notice when what they
   * write is not acknowledged, or when they miss a sign of life.
   */
  crash(): void {
    this.#end(mortal => mortal.crash())
  }

  /** The process is killed: nothing of it runs any more, and its kernel breaks its connections, which the other ends are told. */
  kill(): void {
    this.#end(mortal => mortal.kill())
  }

  /** A port for a connection or for a listener that takes any. */
  takePort(): number {
    for (;;) {
      const port = this.#dynamicPort
      this.#dynamicPort = port === lastPort ? firstDynamicPort : port + 1
      if (!this.listeners.has(port)) return port
    }
  }

  async #listen(
    address: Address,
    accept: (connection: Connection) => void,
    options: WaitOptions = {},
  ): Promise<Listener> {
    const { host, port: asked } = parseAddress(address)
    this.#checkUp()
    if (options.signal?.aborted === true) {
      throw new WaitError('P2P_ABORTED', `gave up waiting to listen at ${address}`, {
        cause: options.signal.reason,
      })
    }
    if (host !== this.name) {
      const what = `listening at ${address}: this host is ${this.name}`
      throw new SimulationError('P2P_ADDRESS_NOT_AVAILABLE', what)
    }
    const port = asked === 0 ? this.takePort() : asked
    if (this.listeners.has(port)) {
      throw new SimulationError('P2P_ADDRESS_IN_USE', `listening at ${address}: the port is in use`)
    }
    const listener = new SimulatedListener(formatAddress(host, port), accept, () =>
      this.listeners.delete(port),
    )
    this.listeners.set(port, listener)
    return listener
  }

  #checkUp(): void {
    if (!this.up) throw new SimulationError('P2P_HOST_UNREACHABLE', `${this.name} is down`)
  }

  #end(how: (mortal: Mortal) => void): void {
    if (!this.up) return
    this.clock.stop()
    this.place.host = undefined
    this.listeners.clear()
    const mortals = [...this.connections]
    this.connections.clear()
    for (const mortal of mortals) how(mortal)
  }
}
