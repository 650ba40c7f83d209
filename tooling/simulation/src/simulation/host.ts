import type { Clock, Transport } from '@p2p/interfaces'
import type { NetworkHost } from '../network/network-host.ts'
import type { SimulatedNetwork } from '../network/network.ts'
import type { SeededRandom } from '../random.ts'
import type { HostClock } from '../time/host-clock.ts'
import type { VirtualClock } from '../time/virtual-clock.ts'

/** What the code of a host has of its machine, from one start to the next crash. */
export interface Machine<Store> {
  readonly name: string
  /** 0 for the first start, one more for each restart. */
  readonly starts: number
  readonly clock: Clock
  /** Dice of this host and this start. */
  readonly random: SeededRandom
  /** Addresses are `sim://NAME:PORT`. */
  readonly transport: Transport
  /** What survives a restart, unless the restart says otherwise. */
  readonly store: Store
  /** Writes a line into the timeline. */
  trace(what: string): void
}

/** Starts the code of a host; what it returns is the host's `app`. It is called again after a restart. */
export type Boot<App, Store> = (machine: Machine<Store>) => App | Promise<App>

/** How wrong a host's wall clock is at first. */
export interface HostOptions {
  /** Milliseconds ahead of the truth. Default 0. */
  readonly offset?: number
  /** How much too fast, as a fraction. Default 0. */
  readonly drift?: number
}

/** What a host needs of its simulation. */
export interface HostSurroundings<Store> {
  readonly clock: VirtualClock
  readonly network: SimulatedNetwork
  readonly random: SeededRandom
  readonly createStore: () => Store
  readonly trace: (host: string, what: string) => void
  /** Takes what a boot rejects with. */
  readonly fail: (error: unknown) => void
}

/** A host of a simulation, as its scenario handles it. */
export class SimulatedHost<App, Store> {
  readonly name: string
  readonly #surroundings: HostSurroundings<Store>
  readonly #boot: Boot<App, Store>
  readonly #drift: number
  #clock: HostClock
  #host: NetworkHost
  #store: Store
  #starts = 0
  #app: App | undefined
  #booted = false

  /** Made by `Simulation.host`. */
  constructor(
    name: string,
    boot: Boot<App, Store>,
    surroundings: HostSurroundings<Store>,
    { offset = 0, drift = 0 }: HostOptions,
  ) {
    this.name = name
    this.#boot = boot
    this.#surroundings = surroundings
    this.#drift = drift
    this.#store = surroundings.createStore()
    this.#clock = surroundings.clock.host({ name, offset, drift })
    this.#host = surroundings.network.host(name, this.#clock)
    this.#start()
  }

  /** Whether it runs, or would if it were not paused. */
  get up(): boolean {
    return this.#host.up
  }

  /** Whether its boot function has ended since the last start. */
  get booted(): boolean {
    return this.#booted && this.up
  }

  /** What its boot function returned; `undefined` while it boots or is down. */
  get app(): App | undefined {
    return this.booted ? this.#app : undefined
  }

  /** Its clock: see it, or step it with {@link stepClock}. */
  get clock(): HostClock {
    return this.#clock
  }

  /** What survives its restarts. */
  get store(): Store {
    return this.#store
  }

  /** The power fails: nothing of it runs on, and nobody is told. Does nothing if it is down. */
  crash(): void {
    if (!this.up) return
    this.#surroundings.trace(this.name, 'crashes')
    this.#host.crash()
  }

  /** Its process is killed: nothing of it runs on, and its kernel breaks its connections. Does nothing if it is down. */
  kill(): void {
    if (!this.up) return
    this.#surroundings.trace(this.name, 'is killed')
    this.#host.kill()
  }

  /**
   * Starts it again, at this instant. Does nothing if it is up.
   *
   * @param store whether what it had stored is still there. Default `kept`
   */
  restart({ store = 'kept' }: { readonly store?: 'kept' | 'lost' } = {}): void {
    if (this.up) return
    const { clock, network, createStore, trace } = this.#surroundings
    if (store === 'lost') this.#store = createStore()
    trace(this.name, store === 'lost' ? 'starts again, with nothing stored' : 'starts again')
    const { name, offset } = this.#clock
    // The wall clock runs on while the machine is down; what it has drifted so far is part of its offset.
    const atStart = offset - clock.monotonic() * this.#drift
    this.#clock = clock.host({ name, offset: atStart, drift: this.#drift })
    this.#host = network.host(this.name, this.#clock)
    this.#starts += 1
    this.#start()
  }

  /** Stops it as SIGSTOP does: its timers and all that comes are held, its kernel answers for it. */
  pause(): void {
    if (!this.up || this.#clock.paused) return
    this.#surroundings.trace(this.name, 'is paused')
    this.#clock.pause()
  }

  /** Lets it run on: overdue timers first, then what has come. */
  resume(): void {
    if (!this.up || !this.#clock.paused) return
    this.#surroundings.trace(this.name, 'runs on')
    this.#clock.resume()
  }

  /** Sets its wall clock forwards or, below zero, backwards. */
  stepClock(milliseconds: number): void {
    this.#surroundings.trace(this.name, `has its clock set by ${milliseconds} ms`)
    this.#clock.step(milliseconds)
  }

  #start(): void {
    const { clock, random, trace } = this.#surroundings
    const { name } = this
    const host = this.#host
    this.#booted = false
    const machine: Machine<Store> = {
      name,
      starts: this.#starts,
      clock: this.#clock,
      random: random.fork(`host ${name} ${this.#starts}`),
      transport: host.transport,
      store: this.#store,
      trace: what => trace(name, what),
    }
    const started = (app: App) => {
      if (!host.up) return
      this.#app = app
      this.#booted = true
    }
    clock.schedule(0, {
      cancelled: false,
      fire: () => {
        if (!host.up) return
        clock.enter(host.clock)
        if (this.#starts === 0) trace(name, 'starts')
        // A promise also where boot throws at once.
        new Promise<App>(resolve => resolve(this.#boot(machine))).then(started, (error: unknown) => {
          if (host.up) this.#surroundings.fail(error)
        })
      },
    })
  }
}
