import { SeededRandom, VirtualClock } from '@p2p/simulation'
import type { Endpoint } from '../../src/index.ts'
import { Host } from './host.ts'
import { Nat, type NatOptions } from './nat.ts'
import { Realm } from './realm.ts'
import { stunServer, type StunServerOptions } from './stun-server.ts'

/** Options of {@link createWorld}. */
export interface WorldOptions extends StunServerOptions {
  readonly seed?: number
  /** Milliseconds of a packet across the Internet. Default 10. */
  readonly latency?: number
  /** The share of packets that get lost on each way across the Internet. Default 0. */
  readonly loss?: number
}

/** An Internet with a STUN server of two addresses. */
export interface World {
  readonly clock: VirtualClock
  readonly random: SeededRandom
  readonly internet: Realm
  readonly server: Endpoint
  /** A network without anything in it. */
  realm(): Realm
  /** A host behind a NAT of its own. */
  behind(options: Omit<NatOptions, 'inside' | 'outside' | 'address'> & { readonly address?: string }): Host
}

export const createWorld = async (options: WorldOptions = {}): Promise<World> => {
  const clock = new VirtualClock()
  const random = new SeededRandom(options.seed ?? 1)
  const { latency = 10, loss = 0 } = options
  const internet = new Realm({ clock, random, latency, loss })
  const realm = () => new Realm({ clock, random, latency: 0.5 })
  const server = await stunServer(new Host(internet, '198.51.100.10', '198.51.100.11'), options)
  let nats = 0
  return {
    clock,
    random,
    internet,
    server,
    realm,
    behind: ({ address = `203.0.113.${++nats}`, ...nat }) => {
      const inside = realm()
      new Nat({ ...nat, inside, outside: internet, address })
      return new Host(inside, `10.0.${nats}.2`)
    },
  }
}
