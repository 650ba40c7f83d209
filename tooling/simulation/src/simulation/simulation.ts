import { P2PError } from '@p2p/interfaces'
import { SimulationError } from '../errors.ts'
import type { MediumOptions } from '../network/medium.ts'
import { SimulatedNetwork } from '../network/network.ts'
import { SeededRandom } from '../random.ts'
import { type RunLimit, VirtualClock, type VirtualClockOptions } from '../time/virtual-clock.ts'
import { Checks, type CheckOptions } from './checks.ts'
import { drawFaults, type Fault, type FaultPlan } from './fault.ts'
import { SimulationFailure } from './failure.ts'
import { type Boot, type HostOptions, type HostSurroundings, SimulatedHost } from './host.ts'
import { FaultInjector } from './inject.ts'
import { Timeline } from './timeline.ts'
import { catchUncaught } from './uncaught.ts'

/** Options of a {@link Simulation}. */
export interface SimulationOptions<Store = Map<string, unknown>> extends VirtualClockOptions {
  /** What everything in the run follows from. */
  readonly seed: number | string | bigint
  /** What lies between the hosts. */
  readonly network?: Omit<MediumOptions, 'onEvent'>
  /** Makes what a host stores in; by default a `Map`. Leave it out only where `Store` is the default too. */
  readonly createStore?: () => Store
  /** How many lines of the timeline are kept. Default 1000. */
  readonly timeline?: number
}

/** What a run was, at its end. */
export interface RunReport {
  readonly seed: number | string | bigint
  /** The fingerprint of all events: the same seed and the same code give the same. */
  readonly digest: string
  /** How many events there were. */
  readonly events: number
  /** Virtual milliseconds. */
  readonly time: number
}

// A failed test shows so many lines of what came before; the failure's `entries` have all that were kept.
const shownLines = 60

/**
 * A scenario: hosts that run their real code, what goes wrong, and what must hold.
 *
 * A run fails, with a {@link SimulationFailure}, when a check throws, when the code of a host throws, or leaves a rejection unhandled. After
 * that it cannot go on. One simulation runs at a time in a process, because errors that nobody handles belong to the process.
 */
export class Simulation<Store = Map<string, unknown>> {
  readonly seed: number | string | bigint
  readonly clock: VirtualClock
  /** Dice of the scenario. Fork them by purpose, so that they do not disturb each other. */
  readonly random: SeededRandom
  readonly network: SimulatedNetwork
  readonly #timeline: Timeline
  readonly #surroundings: HostSurroundings<Store>
  readonly #hosts: SimulatedHost<unknown, Store>[] = []
  readonly #byName = new Map<string, SimulatedHost<unknown, Store>>()
  readonly #checks: Checks
  readonly #injector: FaultInjector
  #plans = 0
  #failure: SimulationFailure | undefined

  constructor(options: SimulationOptions<Store>) {
    const random = new SeededRandom(options.seed)
    this.seed = options.seed
    this.random = random.fork('scenario')
    this.clock = new VirtualClock(options)
    this.#timeline = new Timeline(options.timeline ?? 1000)
    const trace = (host: string, what: string) => this.#note(host, what)
    this.network = new SimulatedNetwork({
      ...options.network,
      clock: this.clock,
      random: random.fork('network'),
      onEvent: trace,
    })
    this.#surroundings = {
      clock: this.clock,
      network: this.network,
      random: random.fork('hosts'),
      createStore: options.createStore ?? (() => new Map<string, unknown>() as Store),
      trace,
      fail: error => this.clock.fail(error),
    }
    this.#checks = new Checks(this.clock)
    this.#injector = new FaultInjector(this.network, name => this.#byName.get(name), trace)
  }

  /**
   * A host, which starts at this instant.
   *
   * @param boot starts its code, now and after each restart
   * @throws `P2P_ADDRESS_IN_USE` if the name is taken
   */
  host<App>(name: string, boot: Boot<App, Store>, options: HostOptions = {}): SimulatedHost<App, Store> {
    if (this.#byName.has(name))
      throw new SimulationError('P2P_ADDRESS_IN_USE', `there is a host ${name} already`)
    const host = new SimulatedHost(name, boot, this.#surroundings, options)
    this.#byName.set(name, host)
    this.#hosts.push(host)
    return host
  }

  /** All hosts, in the order in which they were made, up or down. */
  get hosts(): readonly SimulatedHost<unknown, Store>[] {
    return this.#hosts
  }

  /** What must hold whenever an instant is over. It says that it does not by throwing. */
  always(name: string, verify: () => void, options: CheckOptions = {}): void {
    this.#checks.always(name, verify, options)
    this.clock.onInstant ??= () => this.#checks.afterInstant()
  }

  /** What must hold at the end of the run. It says that it does not by throwing. */
  atEnd(name: string, verify: () => void): void {
    this.#checks.atEnd(name, verify)
  }

  /** Does something at a virtual time, in milliseconds since the beginning; a time that has passed is now. What the action throws fails the run. */
  at(time: number, what: string, action: () => unknown): void {
    this.clock.after(time - this.clock.monotonic(), () => {
      this.trace(what)
      this.#act(action)
    })
  }

  /** Does something again and again, every so many milliseconds, the first time after that many, until it is disposed of. */
  every(period: number, action: () => unknown): Disposable {
    const again = () => {
      timer = this.clock.after(period, again)
      this.#act(action)
    }
    let timer = this.clock.after(period, again)
    return { [Symbol.dispose]: () => timer[Symbol.dispose]() }
  }

  /** Lets faults happen as a script says. */
  inject(faults: readonly Fault[]): void {
    for (const fault of faults) {
      this.clock.after(fault.at - this.clock.monotonic(), () => {
        const undo = this.#injector.begin(fault)
        if (undo !== undefined && fault.kind !== 'clock') this.clock.after(fault.lasts, undo)
      })
    }
  }

  /** Lets faults happen as the seed says, to the hosts that there are now, from now on. Returns the script, as {@link inject} takes it. */
  faults(plan: FaultPlan): Fault[] {
    const names = this.hosts.map(({ name }) => name)
    const random = this.random.fork(`faults ${this.#plans++}`)
    const faults = drawFaults(plan, names, random, this.clock.monotonic())
    this.inject(faults)
    return faults
  }

  /** Writes a line into the timeline. */
  trace(what: string): void {
    this.#note('', what)
  }

  /** What happened last, as lines: time in seconds, host, what. */
  get timeline(): string {
    return this.#timeline.format()
  }

  /** The fingerprint of all events so far. */
  get digest(): string {
    return this.clock.hash.digest
  }

  /** Moves time on by so many milliseconds. @throws SimulationFailure */
  advance(milliseconds: number): Promise<void> {
    return this.#drive(() => this.clock.advance(milliseconds))
  }

  /** Moves time on until the condition holds, which is asked whenever an instant is over. @throws SimulationFailure, also when the limit is reached */
  runUntil(condition: () => boolean, options?: RunLimit): Promise<void> {
    return this.#drive(() => this.clock.runUntil(condition, options))
  }

  /** Moves time on until every host that is up has booted. @throws SimulationFailure, also when the limit is reached */
  ready(options?: RunLimit): Promise<void> {
    return this.runUntil(() => {
      for (const host of this.#hosts) if (host.up && !host.booted) return false
      return true
    }, options)
  }

  /** Moves time on until the promise is settled, and passes its outcome on. @throws SimulationFailure, and what the promise rejects with */
  async run<T>(promise: Promise<T>, options?: RunLimit): Promise<T> {
    let settled = false
    const settle = () => {
      settled = true
    }
    promise.then(settle, settle)
    await this.runUntil(() => settled, options)
    return promise
  }

  /** Ends the run: verifies what must hold at the end. @throws SimulationFailure */
  async end(): Promise<RunReport> {
    await this.#drive(async () => this.#checks.verifyEnd())
    const { seed, digest, clock } = this
    return { seed, digest, events: clock.events, time: clock.monotonic() }
  }

  async #drive<T>(move: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure
    using _ = catchUncaught(error => this.clock.fail(error))
    try {
      return await move()
    } catch (error) {
      if (P2PError.is(error, 'P2P_ALREADY_RUNNING')) throw error
      throw (this.#failure ??= this.#describe(error))
    }
  }

  #describe(error: unknown): SimulationFailure {
    const { seed, clock } = this
    const host = clock.current?.name
    const text = error instanceof Error ? error.message : String(error)
    const what = this.#checks.isFailure(error)
      ? text
      : `${host === undefined ? 'the scenario' : host}: ${text}`
    return new SimulationFailure({
      what,
      seed,
      time: clock.monotonic(),
      entries: this.#timeline.entries,
      timeline: this.#timeline.format(shownLines),
      cause: error,
    })
  }

  #act(action: () => unknown): void {
    new Promise(resolve => resolve(action())).catch((error: unknown) => this.clock.fail(error))
  }

  #note(host: string, what: string): void {
    this.#timeline.add({ time: this.clock.monotonic(), host, what })
  }
}
