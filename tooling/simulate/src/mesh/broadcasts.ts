import type { Message } from '@p2p/mesh'
import type { SeededRandom } from '@p2p/simulation'
import type { Life } from '../world/life.ts'
import type { World } from '../world/world.ts'

/** A broadcast that was made. */
interface Said {
  readonly at: number
  readonly name: string
  readonly origin: Life
  readonly padding: Uint8Array
  /** Who was in one part with the origin, both of them members. */
  readonly near: readonly Life[]
  /** Members then, wherever they were. */
  readonly members: readonly Life[]
  readonly heard: Set<Life>
}

/** Nothing begins or ends for so long before a broadcast, so that links that broke are known to be broken … */
const steadyBefore = 15_000
/** … nor for so long after it: then it has reached everybody in the origin's part. */
const steadyAfter = 20_000
/** What is over so soon after a broadcast does not keep it from anybody, for a part that was cut off comes back within 30 s … */
const healedAfter = 20_000
/** … and what is younger than the retention is fetched. */
const retention = 60_000

const protocol = '/news'

/** Broadcasts: each is heard by whom it must be heard, at most once, as it was sent. */
export class BroadcastLedger {
  readonly #world: World
  readonly #said = new Map<string, Said>()
  #steady: Said[] = []
  #healed: Said[] = []
  #count = 0

  constructor(world: World) {
    this.#world = world
    world.onSample(() => this.#judge())
  }

  get count(): number {
    return this.#count
  }

  /** A node begins to listen. */
  attach(life: Life): void {
    life.mesh.handle(protocol, message => this.#hear(life, message))
  }

  /** A node says something. */
  say(origin: Life, dice: SeededRandom): void {
    const { now } = this.#world
    const name = `${origin.host}.${origin.number}/${this.#count++}`
    const padding = dice.fill(new Uint8Array(dice.chance(0.02) ? dice.integer(20_000) : dice.integer(40)))
    const isMember = ({ memberSince }: Life) => memberSince !== undefined && memberSince <= now
    const part = this.#world.parts().find(each => each.includes(origin)) ?? []
    const others = Array.from(this.#world.lives.values()).filter(life => life !== origin && isMember(life))
    const said: Said = {
      at: now,
      name,
      origin,
      padding,
      near: isMember(origin) ? others.filter(life => part.includes(life)) : [],
      members: isMember(origin) ? others : [],
      heard: new Set(),
    }
    this.#said.set(name, said)
    origin.mesh.broadcast(protocol, { name, padding })
    this.#steady.push(said)
    this.#healed.push(said)
  }

  #hear(life: Life, { body, from, kind }: Message): void {
    const { violations, now } = this.#world
    const { name, padding } = body as { name: string; padding: Uint8Array }
    const said = this.#said.get(name)
    if (kind !== 'broadcast' || said === undefined || from.id !== said.origin.mesh.id)
      violations.add(`${life.host} heard ${name}, which was not said so`)
    else if (said.heard.has(life)) violations.add(`${life.host} heard ${name} twice`)
    else if (life === said.origin) violations.add(`${life.host} heard ${name}, its own`)
    else if (!sameBytes(padding, said.padding)) violations.add(`${life.host} heard ${name} with another body`)
    else if (now < said.at) violations.add(`${life.host} heard ${name} before it was said`)
    said?.heard.add(life)
  }

  #judge(): void {
    const { now, script } = this.#world
    for (const said of due(this.#steady, now - steadyAfter)) {
      if (script.isSteady(said.at - steadyBefore, said.at + steadyAfter))
        this.#expect(said, said.near, 'though nothing changed near it')
    }
    for (const said of due(this.#healed, now - retention)) {
      if (script.isCalm(said.at + healedAfter, said.at + retention))
        this.#expect(said, said.members, 'though all was well again soon enough')
    }
  }

  #expect({ name, at, origin, heard }: Said, listeners: readonly Life[], why: string): void {
    if (origin.died !== undefined) return
    for (const life of listeners) {
      if (life.died !== undefined || heard.has(life)) continue
      this.#world.violations.add(
        `${life.host} has not heard ${name}, which was said at ${(at / 1000).toFixed(3)} s, ${why}; it was heard by ${Array.from(heard, ({ host }) => host).join(' ') || 'nobody'}`,
      )
    }
  }
}

/** Takes out what was said up to a time. */
const due = (list: Said[], until: number): Said[] => {
  let count = 0
  while (count < list.length && (list[count] as Said).at <= until) count++
  return list.splice(0, count)
}

const sameBytes = (a: unknown, b: Uint8Array) =>
  a instanceof Uint8Array && a.length === b.length && a.every((byte, index) => byte === b[index])
