import { type Dependence, type PortAllocation } from '../../src/nat.ts'
import { type Endpoint, familyOf } from '../../src/index.ts'
import type { Packet, Realm, Receiver, Uplink } from './realm.ts'

/** How a {@link Nat} behaves. */
export interface NatOptions {
  readonly inside: Realm
  readonly outside: Realm
  /** What the world sees. */
  readonly address: string
  /** Default `endpoint-independent`. */
  readonly mapping?: Dependence
  /** Default `address-and-port-dependent`. */
  readonly filtering?: Dependence
  /** Default `equal`. */
  readonly allocation?: PortAllocation['kind']
  /** Default 1. */
  readonly step?: number
  /** Milliseconds without a packet outwards for which a mapping lives. Default 120 000. */
  readonly timeout?: number
  /** Default `false`. */
  readonly hairpin?: boolean
  /** Whether UDP passes. Default `true`. */
  readonly udp?: boolean
}

interface Mapping {
  readonly inner: Endpoint
  readonly port: number
  /** Whom was written to, by what the filter looks at. */
  readonly peers: Set<string>
  used: number
}

const of = (dependence: Dependence, { address, port }: Endpoint) => {
  if (dependence === 'endpoint-independent') return ''
  return dependence === 'address-dependent' ? address : `${address} ${port}`
}

/** A router that translates addresses and ports: RFC 4787's behaviours, each on its own. Mappings of UDP and of TCP are apart. */
export class Nat implements Receiver, Uplink {
  readonly #options: Required<NatOptions>
  readonly #byInner = new Map<string, Mapping>()
  readonly #byPort = new Map<string, Mapping>()
  #last = 40_000

  constructor(options: NatOptions) {
    this.#options = {
      mapping: 'endpoint-independent',
      filtering: 'address-and-port-dependent',
      allocation: 'equal',
      step: 1,
      timeout: 120_000,
      hairpin: false,
      udp: true,
      ...options,
    }
    options.inside.uplink = this
    options.outside.join(options.address, this)
  }

  leave(packet: Packet): void {
    const { address, hairpin, mapping: dependence, filtering, outside, inside, udp } = this.#options
    if (packet.protocol === 'udp' && !udp) return
    const key = `${packet.protocol} ${packet.from.address} ${packet.from.port} ${of(dependence, packet.to)}`
    let mapping = this.#byInner.get(key)
    if (mapping === undefined || !this.#isAlive(mapping)) {
      const port = this.#choose(packet)
      mapping = { inner: packet.from, port, peers: new Set(), used: 0 }
      this.#byInner.set(key, mapping)
      this.#byPort.set(`${packet.protocol} ${port}`, mapping)
    }
    mapping.used = inside.clock.monotonic()
    mapping.peers.add(of(filtering, packet.to))
    const translated = { ...packet, from: { address, family: familyOf(address), port: mapping.port } }
    if (packet.to.address !== address) outside.send(translated)
    else if (hairpin) this.receive(translated)
  }

  receive(packet: Packet): void {
    const { filtering, inside, udp } = this.#options
    const mapping = this.#byPort.get(`${packet.protocol} ${packet.to.port}`)
    if (mapping === undefined || !this.#isAlive(mapping) || (packet.protocol === 'udp' && !udp)) return
    if (mapping.peers.has(of(filtering, packet.from))) inside.send({ ...packet, to: mapping.inner })
  }

  #isAlive({ used }: Mapping) {
    return this.#options.inside.clock.monotonic() - used <= this.#options.timeout
  }

  #choose({ protocol, from }: Packet): number {
    const { allocation, step, inside } = this.#options
    const wanted = () => {
      if (allocation === 'equal') return from.port
      if (allocation === 'offset') return from.port + step
      if (allocation === 'sequential') return (this.#last += step)
      if (allocation === 'dependent') return 1_024 + ((from.port * step) % 64_511)
      return 1_024 + inside.random.integer(64_000)
    }
    let port = wanted()
    const isTaken = () => {
      const other = this.#byPort.get(`${protocol} ${port}`)
      return other !== undefined && this.#isAlive(other)
    }
    // A port that is taken: the next that is free, as routers do
    const isOfOwn = allocation === 'equal' || allocation === 'offset' || allocation === 'dependent'
    while (isTaken()) port = isOfOwn ? port + 1 : wanted()
    return port
  }
}

/** A router that translates nothing and lets in what answers something. */
export class Firewall implements Receiver, Uplink {
  readonly #inside: Realm
  readonly #outside: Realm
  readonly #peers = new Set<string>()

  /** @param addresses whose packets are to be had by everybody: those of the hosts inside */
  constructor(inside: Realm, outside: Realm, addresses: readonly string[]) {
    this.#inside = inside
    this.#outside = outside
    inside.uplink = this
    for (const address of addresses) outside.join(address, this)
  }

  leave(packet: Packet): void {
    this.#peers.add(`${packet.from.address} ${packet.from.port} ${packet.to.address} ${packet.to.port}`)
    this.#outside.send(packet)
  }

  receive(packet: Packet): void {
    const { from, to } = packet
    if (this.#peers.has(`${to.address} ${to.port} ${from.address} ${from.port}`)) this.#inside.send(packet)
  }
}
