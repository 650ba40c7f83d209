import { P2PError } from '@p2p/interfaces'
import type { RunOptions, TrialReport } from '../protocol.ts'
import type { Peer } from './peers.ts'
import { Trial } from './trial.ts'

const minute = 60_000
/** How long a process stays on average, in milliseconds. */
const session = 10 * minute
/** The defaults of a table. */
const repairInterval = 10_000
const keys = 200
/** Operations a second, of all together. */
const rate = 10

interface Written {
  /** What was acknowledged last, and when. */
  value: number
  at: number
  /** Begun and not acknowledged, or failed: it may be there or not. */
  readonly open: Set<number>
  busy: boolean
}

interface Counts {
  asked: number
  failed: number
}

/**
 * Processes come and go, one for another, half of them by crashing: `any` is read and the majority is read, keys are written, for an hour. 99.9 % and 99.5 % of
 * the reads succeed, and none gives what was overwritten more than a repair interval before.
 */
export const runChurn = (options: RunOptions): Promise<TrialReport> => churnFor(options, 60 * minute)

/** The same for so many milliseconds. */
export const churnFor = ({ seed, nodes = 200 }: RunOptions, duration: number): Promise<TrialReport> =>
  new Churn(seed, nodes).run(duration)

class Churn extends Trial {
  readonly #count: number
  readonly #written = new Map<string, Written>()
  readonly #any: Counts = { asked: 0, failed: 0 }
  readonly #majority: Counts = { asked: 0, failed: 0 }
  readonly #writes: Counts = { asked: 0, failed: 0 }
  readonly #stale: string[] = []
  readonly #joining = new Set<Peer>()
  #values = 0
  #sessions = 0
  #open = true

  constructor(seed: number, count: number) {
    super(seed, [20, 80], { points: 4, repairInterval })
    this.#count = count
  }

  async run(duration: number): Promise<TrialReport> {
    await this.#grow()
    const end = this.now + duration
    for (const peer of this.peers.members) this.#live(peer)
    while (this.now < end) {
      await this.simulation.advance(this.dice.exponential(1_000 / rate))
      this.#act()
    }
    this.#open = false
    // What was begun ends by its deadline.
    await this.simulation.advance(15_000)
    this.#judge()
    return this.end()
  }

  async #grow(): Promise<void> {
    await this.simulation.run(this.peers.start().chord.join())
    while (this.peers.alive.length < this.#count) {
      const batch = Math.min(8, this.#count - this.peers.alive.length)
      await this.simulation.run(Promise.all(Array.from({ length: batch }, () => this.#join())))
    }
    await this.simulation.advance(2 * repairInterval)
    const first = this.peers.alive[0] as Peer
    for (let index = 0; index < keys; index++) {
      const value = ++this.#values
      await this.simulation.run(first.chord.set(`key ${index}`, value))
      this.#written.set(`key ${index}`, { value, at: this.now, open: new Set(), busy: false })
    }
  }

  async #join(): Promise<Peer | undefined> {
    const peer = this.peers.start()
    this.#joining.add(peer)
    try {
      while (!(await peer.chord.meet(this.dice.pick(this.peers.members).id)));
      await peer.chord.join()
      return peer
    } finally {
      this.#joining.delete(peer)
    }
  }

  /** After a while it goes, and another comes. */
  #live(peer: Peer): void {
    this.simulation.clock.after(this.dice.exponential(session), () => {
      if (!this.#open) return
      this.#sessions++
      const [isCrash, next] = [this.dice.chance(0.5), this.#join()]
      if (isCrash) this.peers.crash(peer)
      else void this.#leave(peer)
      next.then(
        fresh => fresh !== undefined && this.#live(fresh),
        (error: unknown) => this.#stale.push(`nobody can join: ${String(error)}`),
      )
    })
  }

  async #leave(peer: Peer): Promise<void> {
    await peer.chord
      .unjoin()
      .catch((error: unknown) => this.#stale.push(`${peer.id} cannot leave: ${String(error)}`))
    await peer.chord.close()
    this.peers.crash(peer)
  }

  #act(): void {
    const ready = this.peers.members.filter(peer => !this.#joining.has(peer))
    const peer = this.dice.pick(ready)
    const key = `key ${this.dice.integer(keys)}`
    const kind = this.dice.next()
    if (kind < 0.2) void this.#write(peer, key)
    else void this.#read(peer, key, kind < 0.6 ? 'any' : 'majority')
  }

  async #read(peer: Peer, key: string, consistency: 'any' | 'majority'): Promise<void> {
    const counts = consistency === 'any' ? this.#any : this.#majority
    const state = this.#written.get(key) as Written
    const began = this.now
    const { value: before, at } = state
    const mayBe = new Set([before, ...state.open])
    let value: unknown
    try {
      value = await peer.chord.get(key, { consistency })
    } catch (error) {
      // A process that is gone reads no more.
      if (!this.peers.alive.includes(peer) || P2PError.is(error, 'P2P_CLOSED')) return
      counts.asked++
      counts.failed++
      this.simulation.trace(`${peer.id} reads ${key} (${consistency}): ${String(error)}`)
      return
    }
    counts.asked++
    const isFresh =
      mayBe.has(value as number) || (value as number) >= before || state.open.has(value as number)
    if (!isFresh && began - at > repairInterval)
      this.#stale.push(
        `${peer.id} reads ${String(value)} at ${key}, ${Math.round(began - at)} ms after ${before} was written`,
      )
  }

  async #write(peer: Peer, key: string): Promise<void> {
    const state = this.#written.get(key) as Written
    // One at a time, so that it is known which one is the last. What failed may be there, or come.
    if (state.busy) return
    state.busy = true
    const value = ++this.#values
    state.open.add(value)
    this.#writes.asked++
    try {
      await peer.chord.set(key, value)
      Object.assign(state, { value, at: this.now })
      state.open.clear()
    } catch (error) {
      // The process is gone: nobody knows, and nobody writes there any more.
      if (!this.peers.alive.includes(peer)) return
      this.#writes.failed++
      this.simulation.trace(`${peer.id} writes ${key}: ${String(error)}`)
    }
    state.busy = false
  }

  #judge(): void {
    const share = ({ asked, failed }: Counts) => (asked - failed) / asked
    const shown = (counts: Counts) => `${counts.asked - counts.failed} of ${counts.asked}`
    const any = `${shown(this.#any)} gets succeed while ${this.#sessions} sessions of ${this.#count} processes end`
    const most = `${shown(this.#majority)} gets by majority succeed; ${shown(this.#writes)} sets`
    this.demand(any, share(this.#any) >= 0.999)
    this.demand(most, share(this.#majority) >= 0.995)
    const stale = this.#stale.length
    this.demand(`${stale} are stale: ${this.#stale.slice(0, 3).join('; ')}`, stale === 0)
  }
}
