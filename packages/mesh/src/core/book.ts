import type { Address, Contact, PeerId, Random } from '@p2p/interfaces'

/** Times of {@link Book}, in milliseconds, and its size. */
export interface BookSettings {
  /** Most nodes remembered. */
  readonly limit: number
  /**
   * Between two probes; between those of a node that has seen no trouble for {@link calmAfter} of them; and of one that, besides, misses nobody: of everybody it
   * remembers the last probe succeeded, or there was none yet.
   */
  readonly probe: number
  readonly calmProbe: number
  readonly idleProbe: number
  /** Between two tries while there is no neighbour: from the first, doubling, to the last. */
  readonly firstRetry: number
  readonly lastRetry: number
}

/** So many probes in a row that found nothing wrong let the pauses between them grow, twice as long each time. */
const calmAfter = 4

/** Something to dial: a node that we have met, or an address that we were given. */
export type Target = { readonly contact: Contact } | { readonly seed: Address }

/**
 * Whom to try, and when, for ever: the addresses that the node was given and every node that it has met. It is what makes a network find itself
 * again after a partition, or after everybody else was down.
 */
export class Book {
  readonly #settings: BookSettings
  readonly #random: Random
  /** What is known of each seed: the node that answered there last. */
  readonly #seeds = new Map<Address, PeerId | undefined>()
  /** Whose turn it is to be tried comes first: who was met or tried last is last. */
  readonly #met = new Map<PeerId, Contact>()
  /** Those whose last probe failed. */
  readonly #failed = new Set<string>()
  #due = 0
  #tries = 0
  /** Probes in a row that found nothing wrong. */
  #calm = 0

  constructor(seeds: readonly Address[], settings: BookSettings, random: Random) {
    this.#settings = settings
    this.#random = random
    for (const seed of seeds) this.#seeds.set(seed, undefined)
  }

  get size(): number {
    return this.#met.size
  }

  get(id: PeerId): Contact | undefined {
    return this.#met.get(id)
  }

  /** A node has proved that it is there. */
  meet(contact: Contact): void {
    this.forget(contact.id)
    this.#met.set(contact.id, contact)
    if (this.#met.size <= this.#settings.limit) return
    const [oldest] = this.#met.keys()
    if (oldest !== undefined) this.forget(oldest)
  }

  /** This node answered at a seed's address. */
  met(seed: Address, id: PeerId): void {
    this.#seeds.set(seed, id)
    this.#failed.delete(seed)
  }

  /** The node said that it leaves. A seed stays a seed. */
  forget(id: PeerId): void {
    this.#met.delete(id)
    this.#failed.delete(id)
  }

  /** When there is something to dial next, in monotonic milliseconds, unless we are alone before. */
  get next(): number {
    return this.#due
  }

  /** A probe found a node of our own part of the network. */
  calm(): void {
    this.#calm++
  }

  /** A probe failed: trouble, but no news where the one before did too, or nodes that are gone for good would keep probes frequent for ever. */
  failed(target: Target, now: number): void {
    const key = 'seed' in target ? target.seed : target.contact.id
    if (this.#failed.has(key)) return
    if ('seed' in target || this.#met.has(key)) this.#failed.add(key)
    this.disturbed(now)
  }

  /**
   * A neighbour was lost, a probe failed, or found another part of the network: probes come often again. Of a network that is cut in two the smaller part sees trouble,
   * and hardly a probe that finds none, so the pauses of those who see none do not matter to how soon it heals. A part that has grown calm in a long time misses those
   * of the other one, and probes no less often than every {@link BookSettings.calmProbe}.
   */
  disturbed(now: number): void {
    this.#calm = 0
    this.#due = Math.min(this.#due, this.#later(now, this.#settings.probe))
  }

  /** What to dial now: nothing until it is due; every seed while we are alone, else one candidate. `isNeighbour` says who need not be tried. */
  due(now: number, alone: boolean, isNeighbour: (id: PeerId) => boolean): Target[] {
    if (!alone && this.#tries > 0) {
      this.#tries = this.#calm = 0
      this.#due = this.#later(now, this.#settings.probe)
    }
    if (now < this.#due) return []
    const seeds: Target[] = []
    for (const [seed, id] of this.#seeds) if (id === undefined || !isNeighbour(id)) seeds.push({ seed })
    if (!alone) {
      const { probe, calmProbe, idleProbe } = this.#settings
      const longest = this.#failed.size > 0 ? calmProbe : idleProbe
      this.#due = this.#later(now, Math.min(probe * 2 ** Math.max(this.#calm - calmAfter + 1, 0), longest))
      const place = Math.floor(this.#random.next() * (seeds.length + this.#met.size))
      return place < seeds.length ? seeds.slice(place, place + 1) : this.#next(isNeighbour)
    }
    const { firstRetry, lastRetry } = this.#settings
    this.#due = this.#later(now, Math.min(firstRetry * 2 ** this.#tries, lastRetry))
    this.#tries++
    return [...seeds, ...this.#next(isNeighbour)]
  }

  /** Whoever was neither met nor tried for longest: what a partition has taken away comes to the front by itself. */
  #next(isNeighbour: (id: PeerId) => boolean): Target[] {
    for (const contact of this.#met.values()) {
      if (contact.addresses.length === 0 || isNeighbour(contact.id)) continue
      this.#met.delete(contact.id)
      this.#met.set(contact.id, contact)
      return [{ contact }]
    }
    return []
  }

  /** The delay, give or take a third: nodes that lost each other at one moment must not all come back at one moment. */
  #later(now: number, delay: number): number {
    return now + delay * (0.67 + 0.66 * this.#random.next())
  }
}
