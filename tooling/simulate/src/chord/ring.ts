import type { ChordOptions } from '@p2p/chord'
import { imperfectionOf } from './circle-checks.ts'
import type { Peer } from './peers.ts'
import { Trial } from './trial.ts'

/** Between two rounds, and between two comparisons of an arc with its copies, in milliseconds. */
export const interval = 500
export const repairInterval = 4_000

/** A ring for one of the bars: it grows, keeps keys, and is asked for them. */
export class Ring extends Trial {
  readonly keys: string[] = []

  constructor(seed: number, latency: readonly [number, number], chord: ChordOptions) {
    super(seed, latency, { interval, repairInterval, ...chord })
  }

  /** A new process, on the ring of this one, or on its own. */
  async join(known?: Peer): Promise<Peer> {
    const peer = this.peers.start()
    if (known !== undefined) await peer.chord.meet(known.id)
    await peer.chord.join()
    return peer
  }

  /** So many processes on a ring of their own. */
  async grow(count: number): Promise<Peer[]> {
    const first = await this.simulation.run(this.join())
    const ring = [first]
    while (ring.length < count) ring.push(await this.simulation.run(this.join(first)))
    await this.settle(ring)
    return ring
  }

  /** Until these are one perfect ring. */
  async settle(peers: readonly Peer[] = this.peers.members): Promise<void> {
    const end = this.now + 60_000
    for (let why = imperfectionOf(peers); why !== undefined; why = imperfectionOf(peers)) {
      if (this.now >= end) throw new Error(`no perfect ring after a minute: ${why}`)
      await this.simulation.advance(interval / 5)
    }
  }

  /** So many keys, whose values are themselves. */
  async fill(peer: Peer, count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      const key = `key ${this.keys.length}`
      await this.simulation.run(peer.chord.set(key, key))
      this.keys.push(key)
    }
  }

  /** @throws what was not read as it was written */
  async read(peer: Peer, key: string): Promise<void> {
    const value = await peer.chord.get(key, { default: 'nothing' })
    if (value !== key) throw new Error(`${peer.id} reads ${JSON.stringify(value)} at ${key}`)
  }

  /** All of these read all keys. */
  async readAll(peers: readonly Peer[] = this.peers.members): Promise<void> {
    const reads = peers.map(async peer => {
      for (const key of this.keys) await this.read(peer, key)
    })
    await this.simulation.run(Promise.all(reads))
  }
}
