import type { Clock } from '@p2p/interfaces'
import type { Meta, Sync } from '@p2p/sync'
import type { Life } from '../world/life.ts'
import type { World } from '../world/world.ts'

/** A write under a lease, as its writer made it. */
export interface LeasedWrite {
  readonly at: number
  readonly life: Life
}

/** What one node saw of one key. */
interface Sight {
  token: string
  /** The time of the last write, in milliseconds of its writer's hybrid clock. */
  timestamp: number
  /** What it was told to be there; `undefined` after a deletion. */
  value: unknown
  /** The token of this node's own last write, while it is what the node shows. */
  own: string | undefined
  /** The write of its own that another one has taken the place of, and of which the application was not told. */
  untold: string | undefined
}

/** Sees what the listeners of one dictionary are told, on all nodes, and what must never be. */
export class Witness {
  readonly #world: World
  readonly #name: string
  readonly #leased: boolean
  /** Who wrote under a token, and when. */
  readonly writes: Map<string, LeasedWrite> = new Map()
  /** Who wrote what, under each token of a key. */
  readonly #contents = new Map<string, { readonly owner: string; readonly value: unknown }>()
  readonly #sights = new Map<Life, Map<string, Sight>>()
  /** The dictionaries that may have changed in this instant. */
  readonly #touched = new Map<Life, Sync>()
  readonly #syncs = new Map<Life, Sync>()

  constructor(world: World, name: string, leased: boolean) {
    this.#world = world
    this.#name = name
    this.#leased = leased
    world.onSample(() => this.#judge())
    world.simulation.always(`what nodes show of ${name} is what they told last`, () => this.#judgeTouched())
  }

  /** The clock for a dictionary on a node: whatever that does, it first asks what time it is. */
  clockFor(life: Life): Clock {
    const { clock } = life.resources
    const now = () => {
      const sync = this.#syncs.get(life)
      if (sync !== undefined) this.#touched.set(life, sync)
      return clock.now()
    }
    return { ...clock, now }
  }

  attach(life: Life, sync: Sync): void {
    this.#sights.set(life, new Map())
    this.#syncs.set(life, sync)
    sync.on('update', (key, value, meta) => this.#see(life, key as string, value, meta))
    sync.on('delete', (key, meta) => this.#see(life, key as string, undefined, meta))
    sync.on('conflict', ({ key }) => {
      const sight = this.#sights.get(life)?.get(key as string)
      if (sight === undefined) return
      sight.untold = undefined
      // A deletion that lost to another one is told by this alone
      sight.own = undefined
    })
  }

  /** The token of the write that a node shows is that of the last one that it told. */
  verifyToken(life: Life, key: string, token: string): void {
    const told = this.#sights.get(life)?.get(key)?.token
    if (told !== token)
      this.#world.violations.add(
        `${life.host} shows the token ${token} of ${this.#name}/${key} and told of ${told ?? 'none'}`,
      )
  }

  #see(life: Life, key: string, value: unknown, meta: Meta): void {
    const sights = this.#sights.get(life) as Map<string, Sight>
    const sight = sights.get(key) ?? { token: '', timestamp: 0, value, own: undefined, untold: undefined }
    sights.set(key, sight)
    if (this.#leased) this.#seeLeased(life, key, value, meta, sight)
    else if (meta.timestamp < sight.timestamp)
      // The later write wins, and whoever writes over one writes later
      this.#world.violations.add(
        `${life.host} saw a write of ${meta.timestamp} to ${this.#name}/${key} after one of ${sight.timestamp}`,
      )
    sight.timestamp = meta.timestamp
    sight.value = value
  }

  #seeLeased(life: Life, key: string, value: unknown, { token, owner }: Meta, sight: Sight): void {
    const { violations, now } = this.#world
    if (token === undefined) {
      violations.add(`${life.host} saw a write to ${this.#name}/${key} without a token`)
      return
    }
    const name = `${key} ${token}`
    const known = this.#contents.get(name)
    if (known === undefined) this.#contents.set(name, { owner, value })
    else if (known.owner !== owner)
      violations.add(`two owners, ${known.owner} and ${owner}, have one token of ${this.#name}/${key}`)
    else if (JSON.stringify(known.value) !== JSON.stringify(value))
      violations.add(`two values have one token of ${this.#name}/${key}: ${token}`)
    const own = owner === life.mesh.id
    if (own && !this.writes.has(name)) this.writes.set(name, { at: now, life })
    if (token < sight.token)
      violations.add(`${life.host} saw an older token of ${this.#name}/${key} after a newer one: ${token}`)
    sight.token = token
    // In one epoch neither writer knew of the other, so one of them has lost
    if (!own && sight.own !== undefined && epochOf(sight.own) === epochOf(token)) sight.untold = sight.own
    sight.own = own ? token : undefined
  }

  /** After each step of a node: nothing changes in silence, so no older write is shown after a newer one either. */
  #judgeTouched(): void {
    for (const [life, sync] of this.#touched) {
      if (life.died !== undefined) continue
      for (const [key, sight] of this.#sights.get(life) ?? []) {
        const shown = sync.get(key)
        if (shown === sight.value) continue
        const [is, was] = [JSON.stringify(shown), JSON.stringify(sight.value)]
        if (is !== was)
          this.#world.violations.add(`${life.host} shows ${is} at ${this.#name}/${key} and told of ${was}`)
        // The same, but another object: the next look is cheaper
        sight.value = shown
      }
    }
    this.#touched.clear()
  }

  #judge(): void {
    for (const [life, sights] of this.#sights) {
      if (life.died !== undefined) {
        this.#sights.delete(life)
        this.#syncs.delete(life)
        continue
      }
      for (const [key, { untold }] of sights) {
        if (untold !== undefined && this.#world.running.includes(life))
          this.#world.violations.add(
            `${life.host} was not told that its write to ${this.#name}/${key} has lost`,
          )
      }
    }
  }
}

/** The first 7 bytes of a token. */
const epochOf = (token: string) => token.slice(0, 14)
