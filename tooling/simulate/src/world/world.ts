import { createMesh } from '@p2p/mesh'
import {
  drawFaults,
  type Fault,
  type FaultPlan,
  type Machine,
  type RunReport,
  type SeededRandom,
  type SimulatedHost,
  Simulation,
} from '@p2p/simulation'
import { FaultScript, type LeaveFault } from './fault-script.ts'
import type { Life, Store } from './life.ts'
import { meshOptions } from './mesh-options.ts'
import { Resources } from './resources.ts'
import { parts, untidy } from './topology.ts'
import { Violations } from './violations.ts'

/** What a world is drawn from. */
export interface WorldOptions {
  readonly seed: number
  readonly nodes: number
  /** Told of each life when its mesh is there, before it has any neighbour. */
  readonly born: (life: Life) => void
}

/** A second chance for what a moment of bad luck may spoil, in milliseconds. */
const samplePeriod = 1_000
/** A node may stand still for so long, in milliseconds; who fails, or stands still for longer, is noticed within so long. */
const patience = { most: 5_000, crash: 10_000, hang: 11_000 }

/** So many looks in a row at which a node had company make it a member: by then it has heard what there is to hear. */
const memberAfter = 5

const hour = 3_600_000

/** Nodes of the production code on simulated hosts, what goes wrong with them, and who takes part when. */
export class World {
  readonly simulation: Simulation
  readonly random: SeededRandom
  readonly script: FaultScript = new FaultScript()
  readonly violations: Violations = new Violations()
  readonly names: readonly string[]
  /** The lives that are in progress, paused ones included, by host. */
  readonly lives: Map<string, Life> = new Map()
  readonly #options: WorldOptions
  readonly #hosts = new Map<string, SimulatedHost<Life, Store>>()
  /** Hosts whose wall clock begins at the same time at each start, as that of a machine without a battery. */
  readonly #forgetful = new Map<string, number>()
  readonly #samplers: (() => void)[] = []

  constructor(options: WorldOptions) {
    const { seed, nodes } = options
    this.#options = options
    this.simulation = new Simulation({
      seed,
      network: { latency: { min: 5, max: 80 }, jitter: [1, 5, 40][seed % 3] as number },
      timeline: 400,
    })
    this.random = this.simulation.random.fork('world')
    this.names = Array.from({ length: nodes }, (_, index) => `n${index}`)
    this.simulation.always('nothing forbidden happened', () => this.violations.check())
    this.simulation.every(samplePeriod, () => this.#sample())
  }

  get now(): number {
    return this.simulation.clock.monotonic()
  }

  /** The lives whose process runs at the moment. */
  get running(): Life[] {
    return Array.from(this.lives.values()).filter(({ host }) => this.#hosts.get(host)?.clock.paused === false)
  }

  /** Starts all hosts, some at once and some later; their clocks are wrong by up to an hour. */
  async start(): Promise<void> {
    const dice = this.random.fork('start')
    const spread = dice.pick([0, 0, 200, 3_000])
    for (const name of this.names) {
      const offset = Math.round(dice.between(-hour, hour))
      if (dice.chance(0.2)) this.#forgetful.set(name, this.simulation.clock.start + offset)
      this.#hosts.set(
        name,
        this.simulation.host(name, machine => this.#boot(machine), { offset }),
      )
      if (spread > 0) await this.advance(dice.between(0, spread))
    }
    await this.simulation.ready()
  }

  /** Called about once a second. */
  onSample(sampler: () => void): void {
    this.#samplers.push(sampler)
  }

  /** Lets faults happen, and writes them into the script. */
  inject(faults: readonly Fault[]): void {
    this.script.add(faults)
    for (const fault of faults) {
      const { kind, at } = fault
      if (kind === 'crash' || kind === 'kill')
        this.simulation.at(at, `${fault.host} is about to fail`, () => this.#fails(fault.host))
      if (kind === 'pause' && fault.lasts > patience.most)
        this.simulation.at(at, `${fault.host} is about to hang`, () => this.#hangs(fault.host))
    }
    this.simulation.inject(faults)
  }

  /** Draws faults from now on, and lets them happen. */
  draw(plan: FaultPlan): void {
    this.inject(drawFaults(plan, this.names, this.random.fork(`faults ${this.now}`), this.now))
  }

  /** Lets a node say goodbye and come back. */
  leave(fault: LeaveFault): void {
    this.script.add([fault])
    const { simulation } = this
    simulation.at(fault.at, `${fault.host} leaves`, async () => {
      const life = this.lives.get(fault.host)
      if (life === undefined) return
      this.#end(life)
      await close(life)
      // What was waited for is told so in the promise chains of this event
      simulation.clock.after(0, () => {
        this.#expectNothingHeld(life)
        this.#hosts.get(fault.host)?.kill()
      })
    })
    simulation.at(fault.at + fault.lasts, `${fault.host} comes back`, () => {
      const host = this.#hosts.get(fault.host)
      // Whoever takes longer than that to close is killed
      host?.kill()
      host?.restart()
    })
  }

  advance(milliseconds: number): Promise<void> {
    return this.simulation.advance(milliseconds)
  }

  /** The parts of the network of those that run. */
  parts(): Life[][] {
    return parts(Array.from(this.lives.values()))
  }

  /** Until all nodes are one component; it must be within 30 s. */
  async unite(what: string): Promise<void> {
    const began = this.now
    for (;;) {
      const found = this.parts()
      if (found.length <= 1 && this.lives.size === this.names.length) break
      if (this.now - began >= 30_000) {
        const shown = found.map(part => part.map(({ host }) => host).join(' ')).join(' | ')
        this.violations.add(`no single component 30 s after ${what}: ${shown}`)
      }
      await this.advance(250)
    }
    this.simulation.trace(`one component ${Math.round(this.now - began)} ms after ${what}`)
  }

  /** Until every link is one of two ends; it must be within 20 s. */
  async settle(): Promise<void> {
    const began = this.now
    for (;;) {
      const wrong = untidy(Array.from(this.lives.values()))
      if (wrong.length === 0) return
      if (this.now - began >= 20_000) this.violations.add(`not settled: ${wrong.slice(0, 5).join('; ')}`)
      await this.advance(100)
    }
  }

  /** Closes all nodes; nothing of them may be left. */
  async close(): Promise<RunReport> {
    const lives = Array.from(this.lives.values())
    for (const life of lives) this.#end(life)
    await this.simulation.run(Promise.all(lives.map(close)), { limit: 10_000 })
    for (const life of lives) this.#expectNothingHeld(life)
    return this.simulation.end()
  }

  async #boot(machine: Machine<Store>): Promise<Life> {
    const { name, starts } = machine
    const begins = this.#forgetful.get(name)
    const host = this.#hosts.get(name)
    if (begins !== undefined && host !== undefined) host.stepClock(begins - host.clock.now())
    const resources = new Resources(machine.clock, machine.transport)
    const mesh = await createMesh({
      ...meshOptions(machine, this.names),
      transports: [resources.transport],
      // A signature costs as much as all else that a simulated node does with a message
      signed: this.#options.seed % 10 === 7,
      clock: resources.clock,
    })
    const life: Life = {
      host: name,
      number: starts,
      machine,
      resources,
      mesh,
      closers: [],
      born: this.now,
      died: undefined,
      memberSince: undefined,
      company: 0,
      lost: [],
    }
    this.lives.set(name, life)
    machine.trace(`is ${mesh.id.slice(0, 6)}`)
    mesh.on('peer:connect', ({ id }) => machine.trace(`has the neighbour ${this.nameOf(id)}`))
    mesh.on('peer:disconnect', ({ id }, reason) => {
      life.lost.push({ at: this.now, id, reason })
      machine.trace(`has lost ${this.nameOf(id)}${reason === undefined ? '' : `: ${reason.message}`}`)
      this.#judgeLoss(life, id, reason)
    })
    this.#options.born(life)
    return life
  }

  /** The host of a node, for people. */
  nameOf(id: string): string {
    for (const life of this.lives.values()) if (life.mesh.id === id) return life.host
    return `${id.slice(0, 6)} (gone)`
  }

  #expectNothingHeld({ host, resources: { held } }: Life): void {
    if (held.length > 0) this.violations.add(`${host} was closed and still holds ${held.join(', ')}`)
  }

  #end(life: Life): void {
    life.died = this.now
    this.lives.delete(life.host)
  }

  /** A node fails at this instant: its neighbours must know within 10 s. */
  #fails(name: string): void {
    const victim = this.lives.get(name)
    if (victim === undefined) return
    this.#end(victim)
    this.#expectNotice(victim, patience.crash, 'failed')
  }

  /** A node stands still at this instant, for longer than it may. Its kernel goes on to answer for it, so only its silence shows. */
  #hangs(name: string): void {
    const victim = this.lives.get(name)
    if (victim !== undefined) this.#expectNotice(victim, patience.hang, 'hung')
  }

  #expectNotice(victim: Life, within: number, what: string): void {
    const { now, script } = this
    const name = victim.host
    const deadline = now + within
    for (const life of this.lives.values()) {
      if (life === victim || !life.mesh.peers.some(({ id }) => id === victim.mesh.id)) continue
      // Who is stopped itself cannot notice
      const stopped = script
        .during(now - 1_000, deadline + 1_000)
        .some(trouble => trouble.kind === 'pause' && trouble.host === life.host)
      if (stopped) continue
      this.simulation.at(deadline, `${life.host} must know that ${name} has ${what}`, () => {
        if (life.died !== undefined || life.lost.some(({ at, id }) => at >= now && id === victim.mesh.id))
          return
        this.violations.add(
          `${life.host} has not noticed within ${within / 1_000} s that ${name} has ${what}`,
        )
      })
    }
  }

  /** A neighbour was given up for its silence: that is a false alarm unless something is wrong with it or the network. */
  #judgeLoss(life: Life, id: string, reason: Error | undefined): void {
    if (reason === undefined || !('code' in reason) || reason.code !== 'P2P_PEER_SILENT') return
    const other = this.nameOf(id)
    const troubles = this.script.during(this.now - 15_000, this.now)
    const pauses = troubles.filter(
      trouble => trouble.kind === 'pause' && [life.host, other].includes(trouble.host),
    )
    const isLong = ({ kind, lasts }: { kind: string; lasts: number }) =>
      kind !== 'pause' || lasts > patience.most
    if (pauses.length > 1 || troubles.some(isLong)) return
    const after = pauses.length === 0 ? 'without any reason' : 'that was stopped for 5 s at most'
    this.violations.add(`false alarm: ${life.host} gave up ${other} ${after}`)
  }

  #sample(): void {
    const calm = this.script.isCalm(this.now - samplePeriod, this.now)
    for (const part of this.parts()) {
      for (const life of part) {
        life.company = part.length > 1 && calm ? life.company + 1 : 0
        if (life.company >= memberAfter) life.memberSince ??= this.now
      }
    }
    for (const sampler of this.#samplers) sampler()
  }
}

const close = async ({ closers, mesh }: Life): Promise<void> => {
  await Promise.all(closers.map(closer => closer()))
  await mesh.close()
}
