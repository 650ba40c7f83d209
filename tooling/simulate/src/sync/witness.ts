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
  /** The token of this node's own last write, while it is what the node shows. */
  own: string | undefined
  /** The write of its own that another one has taken the place of, and of which the application was not told. */
  untold: string | undefined
}

/** Sees what the listeners of one dictionary with leases are told, on all nodes, and what must never be. */
export class Witness {
  readonly #world: World
  readonly #name: string
  /** Who wrote under a token, and when. */
  readonly writes: Map<string, LeasedWrite> = new Map()
  readonly #owners = new Map<string, string>()
  readonly #sights = new Map<Life, Map<string, Sight>>()

  constructor(world: World, name: string) {
    this.#world = world
    this.#name = name
    world.onSample(() => this.#judge())
  }

  attach(life: Life, sync: Sync): void {
    this.#sights.set(life, new Map())
    sync.on('update', (key, _, meta) => this.#see(life, key as string, meta))
    sync.on('delete', (key, meta) => this.#see(life, key as string, meta))
    sync.on('conflict', ({ key }) => {
      const sight = this.#sights.get(life)?.get(key as string)
      if (sight !== undefined) sight.untold = undefined
    })
  }

  #see(life: Life, key: string, { token, owner }: Meta): void {
    const { violations, now } = this.#world
    if (token === undefined) {
      violations.add(`${life.host} saw a write to ${this.#name}/${key} without a token`)
      return
    }
    const name = `${key} ${token}`
    const known = this.#owners.get(name)
    if (known !== undefined && known !== owner)
      violations.add(`two owners, ${known} and ${owner}, have one token of ${this.#name}/${key}`)
    this.#owners.set(name, owner)
    const own = owner === life.mesh.id
    if (own && !this.writes.has(name)) this.writes.set(name, { at: now, life })
    const sights = this.#sights.get(life) as Map<string, Sight>
    const sight = sights.get(key) ?? { token: '', own: undefined, untold: undefined }
    sights.set(key, sight)
    if (token < sight.token)
      violations.add(`${life.host} saw an older token of ${this.#name}/${key} after a newer one: ${token}`)
    sight.token = token
    // In one epoch neither writer knew of the other, so one of them has lost
    if (!own && sight.own !== undefined && epochOf(sight.own) === epochOf(token)) sight.untold = sight.own
    sight.own = own ? token : undefined
  }

  #judge(): void {
    for (const [life, sights] of this.#sights) {
      if (life.died !== undefined) {
        this.#sights.delete(life)
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
