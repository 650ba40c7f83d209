import { P2PError } from '@p2p/interfaces'
import { takeoverGrace } from '@p2p/replica'
import type { SeededRandom } from '@p2p/simulation'
import { createSync, type Sync, type SyncOptions } from '@p2p/sync'
import type { Life } from '../world/life.ts'
import type { World } from '../world/world.ts'
import { Witness } from './witness.ts'

/** A message under way, a node that is stopped on its way, and the pause between two looks, in milliseconds: no age counts them. */
const slack = 15_000

/** Codes of what an application may be told at any time. */
const refusals = ['P2P_LEASE_HELD', 'P2P_KEY_ABSENT']

/** One dictionary, on all nodes: what is done to it, and what must hold of it. */
export class Dictionaries {
  readonly name: string
  readonly #world: World
  readonly #lease: number
  readonly #options: SyncOptions
  readonly #witness: Witness
  readonly #syncs = new Map<Life, Sync>()
  readonly #keys: readonly string[]
  /** Of each field that was written by a delta: by whom, when and what; the field is nobody else's. */
  readonly #fields = new Map<string, { readonly life: Life; readonly at: number; readonly value: number }>()
  readonly #waiting = new Map<Life, number>()
  #count = 0

  /** @param lease milliseconds; 0 without leases */
  constructor(world: World, name: string, lease: number, keys: number) {
    this.#world = world
    this.name = name
    this.#lease = lease
    this.#options = { name, leasing: lease === 0 ? false : { duration: lease } }
    this.#witness = new Witness(world, name, lease > 0)
    this.#keys = Array.from({ length: keys }, (_, index) => `k${index}`)
    world.onSample(() => this.#judge())
  }

  attach(life: Life): void {
    const { machine, mesh } = life
    const random = machine.random.fork(`sync ${this.name}`)
    const clock = this.#witness.clockFor(life)
    const sync = createSync(mesh, { ...this.#options, clock, random })
    this.#syncs.set(life, sync)
    this.#witness.attach(life, sync)
    life.closers.push(() => sync.close())
    sync.on('error', error => {
      if (error.code === 'P2P_CATCH_UP_FAILED') machine.trace(`${error.message}: ${String(error.cause)}`)
      else this.#world.violations.add(`${life.host} reports of ${this.name}: ${String(error)}`)
    })
    sync.ready({ timeout: Infinity }).then(
      () => this.#waiting.delete(life),
      () => this.#waiting.delete(life),
    )
    this.#waiting.set(life, 0)
  }

  /** A node does something to some key. */
  act(life: Life, dice: SeededRandom): void {
    const sync = this.#syncs.get(life)
    if (sync === undefined) return
    const key = dice.pick(this.#keys)
    const value = this.#count++
    const kind = dice.next()
    this.#try(() => {
      if (kind < 0.45) this.#set(life, sync, key, value)
      else if (kind < 0.6) sync.delete(key)
      else if (kind < 0.75) sync.release(key)
      else if (kind < 0.85) sync.renew(key)
      else if (this.#lease > 0) this.#delta(life, sync, key, value)
      else this.#delta(life, sync, 'fields', value)
    })
  }

  /** Some write to the same key at the same moment: they must not all win. */
  clash(lives: readonly Life[], dice: SeededRandom): void {
    const key = dice.pick(this.#keys)
    for (const life of dice.shuffle(lives).slice(0, 3)) {
      const sync = this.#syncs.get(life)
      if (sync !== undefined) this.#try(() => this.#set(life, sync, key, this.#count++))
    }
  }

  /** What differs between the nodes; empty if nothing does. */
  differences(): string[] {
    const found: string[] = []
    let first: { readonly host: string; readonly content: string; readonly fingerprint: string } | undefined
    for (const [life, sync] of this.#alive()) {
      const mine = { host: life.host, content: contentOf(sync), fingerprint: sync.fingerprint() }
      first ??= mine
      if (mine.content !== first.content || mine.fingerprint !== first.fingerprint)
        found.push(`${first.host}: ${first.content} but ${mine.host}: ${mine.content}`)
    }
    return found
  }

  /** What holds once all is quiet, and all nodes have the same. */
  verifyEnd(): void {
    const { violations } = this.#world
    for (const [life, sync] of this.#alive()) {
      const fields = (sync.get('fields') ?? {}) as Record<string, number>
      for (const [field, { life: writer, value }] of this.#fields) {
        if (writer.died !== undefined || fields[field] === value) continue
        violations.add(
          `${life.host} lacks ${field} = ${value}, which ${writer.host} has put into ${this.name}/fields`,
        )
      }
    }
  }

  #try(action: () => void): void {
    try {
      action()
    } catch (error) {
      if (P2PError.is(error) && refusals.includes(error.code)) return
      // A delta to what is no map
      if (error instanceof TypeError) return
      throw error
    }
  }

  #set(life: Life, sync: Sync, key: string, value: number): void {
    const before = sync.meta(key)
    sync.set(key, value % 3 === 0 ? { n: value } : value)
    const { token, owner } = before ?? {}
    if (token === undefined || owner === life.mesh.id) return
    // It was open to this node: then its holder must know that it does not hold it any more
    for (const [other, theirs] of this.#alive()) {
      const held = theirs.owner(key)
      if (other.mesh.id !== owner || held?.own !== true || held.token !== token) continue
      this.#world.violations.add(
        `${nameOf(life)} took ${this.name}/${key} over while ${nameOf(other)} still held it`,
      )
    }
  }

  #delta(life: Life, sync: Sync, key: string, value: number): void {
    const field = `${life.host}.${life.number}`
    sync.applyDelta(key, { [field]: value })
    if (this.#lease === 0) this.#fields.set(field, { life, at: this.#world.now, value })
  }

  #alive(): [Life, Sync][] {
    return Array.from(this.#syncs).filter(([{ died }]) => died === undefined)
  }

  #judge(): void {
    const { now, script, violations, running } = this.#world
    for (const [life, since] of this.#waiting) {
      if (life.died !== undefined) this.#waiting.delete(life)
      else if (life.memberSince !== undefined && script.isCalm(now - 1_000, now))
        this.#waiting.set(life, since + 1)
      else this.#waiting.set(life, 0)
      if (since > 40) violations.add(`${life.host} is a member and ${this.name} is not ready there`)
    }
    for (const [life, sync] of this.#syncs) {
      if (life.died !== undefined) this.#syncs.delete(life)
      else if (this.#lease > 0 && running.includes(life)) this.#judgeLeases(life, sync)
    }
  }

  /** Whatever its way, an entry brings its age: nobody keeps a lease for longer than it lasts, and the grace. */
  #judgeLeases(life: Life, sync: Sync): void {
    const { now, script, violations } = this.#world
    for (const key of this.#keys) {
      const ownership = sync.owner(key)
      if (ownership === undefined) continue
      this.#witness.verifyToken(life, key, ownership.token)
      const write = this.#witness.writes.get(`${key} ${ownership.token}`)
      if (write === undefined) continue
      if (now < write.at + this.#lease + takeoverGrace + slack) continue
      // A wall clock that is set back makes a node wait
      if (script.hasSetClock(life.host, write.at, now)) continue
      const late = Math.round(now - write.at)
      violations.add(
        `${nameOf(life)} takes ${this.name}/${key} for held ${late} ms after it was last written by ${nameOf(write.life)} at ${Math.round(write.at)} ms`,
      )
    }
  }
}

const contentOf = (sync: Sync): string =>
  JSON.stringify(
    Array.from(sync, ([key, value]) => {
      const meta = sync.meta(key)
      return [key, value, meta?.owner.slice(0, 6), meta?.token, meta?.timestamp]
    }).sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
  )

/** The host, the how manieth life, and since when. */
const nameOf = ({ host, number, born }: Life) => `${host}.${number} (since ${Math.round(born)} ms)`
