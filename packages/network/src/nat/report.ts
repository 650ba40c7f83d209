import type { PortAllocation } from '../core/nat/allocation.ts'
import type { ClassicName, Dependence } from '../core/nat/behaviour.ts'
import type { Endpoint } from '../core/endpoint.ts'
import type { Family } from '../core/ip.ts'

/** What became of one server. */
export interface ServerReport {
  /** As it was named. */
  readonly server: string
  /** Milliseconds until its first answer; absent if it gave none. */
  readonly rtt?: number
  /** Its other address and port, by which it can tell how a NAT filters. */
  readonly other?: Endpoint
  /** Why it could not be asked, or what it answered instead. */
  readonly error?: string
}

/** How this machine is connected, as far as it was measured. What was not is absent, and named in `unknown`. */
export interface NatReport {
  /**
   * `measured`: everything that was asked for. `partial`: some of it. `assumed`: nothing was asked, these are the values to begin with
   * ({@link assumedNat}).
   */
  readonly status: 'measured' | 'partial' | 'assumed'
  readonly family: Family
  /** The classic name, derived from the behaviours. */
  readonly classic?: ClassicName
  /** Whether the world sees another address or port than the machine's own. */
  readonly translated?: boolean
  readonly mapping?: Dependence
  readonly filtering?: Dependence
  /** Whether two machines behind this NAT reach each other by its public address. Absent without translation. */
  readonly hairpin?: boolean
  readonly portAllocation?: PortAllocation
  /** Milliseconds without traffic for which a mapping lives: it was alive after `atLeast`, and gone after `below`. Only on request. */
  readonly lifetime?: { readonly atLeast: number; readonly below?: number }
  /** Where the questions were asked from. */
  readonly local?: Endpoint
  /** What the world saw that as. */
  readonly public?: Endpoint
  /** Whether a server answered over UDP; over TCP, which is only tried while UDP is silent. */
  readonly reachable: { readonly udp: boolean; readonly tcp?: boolean }
  readonly servers: readonly ServerReport[]
  /** What was asked for and not found out, and why. */
  readonly unknown: readonly string[]
  /** Milliseconds that it took. */
  readonly ms: number
}

/**
 * What to assume of a NAT that nobody has measured: the most common one, which is port-restricted and keeps the port.
 */
export const assumedNat = (family: Family = 4): NatReport => ({
  status: 'assumed',
  family,
  classic: 'port-restricted-cone',
  translated: true,
  mapping: 'endpoint-independent',
  filtering: 'address-and-port-dependent',
  hairpin: false,
  portAllocation: { kind: 'equal', step: 0, confidence: 0, samples: 0 },
  reachable: { udp: true },
  servers: [],
  unknown: ['everything: nothing was measured'],
  ms: 0,
})
