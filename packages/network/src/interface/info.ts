import type { AddressScope, Family } from '../core/ip.ts'

/**
 * What an interface is made of. `virtual` is what has no hardware and is none of the others (a veth, a VLAN, a VPN that looks like Ethernet),
 * `unknown` where the system does not tell.
 */
export type InterfaceKind =
  'ethernet' | 'wifi' | 'cellular' | 'loopback' | 'bridge' | 'tunnel' | 'virtual' | 'unknown'

/** An address of an interface. */
export interface InterfaceAddress {
  /** Canonical, without a scope. */
  readonly address: string
  readonly family: Family
  /** Bits of the network's part. */
  readonly prefix: number
  /** What the address is for. */
  readonly scope: AddressScope
  /** IPv6: changed often so that its owner is not followed (RFC 8981). Known on Linux. */
  readonly temporary?: boolean
  /** IPv6: not to be used for anything new (RFC 4862). Known on Linux. */
  readonly deprecated?: boolean
}

/** A way to everywhere. */
export interface Gateway {
  readonly family: Family
  /** The router's address; absent where the interface itself leads there (a tunnel). */
  readonly address?: string
  /** What the system prefers by: the lowest wins. */
  readonly metric: number
}

/** A network interface, as the system tells. Plain data: it can be sent as JSON. */
export interface InterfaceInfo {
  readonly name: string
  /** The system's number of it, where it is known. */
  readonly index?: number
  readonly kind: InterfaceKind
  /** Whether it is switched on and connected. */
  readonly up: boolean
  /** `02:fc:00:00:00:01`; absent where it has none. */
  readonly mac?: string
  /** Bytes of the largest packet. */
  readonly mtu?: number
  /** In the system's order. */
  readonly addresses: readonly InterfaceAddress[]
  /** Default routes through it, best first. */
  readonly gateways: readonly Gateway[]
  /** Families for which it is the system's first choice to everywhere. */
  readonly defaultFor: readonly Family[]
}

/** Kinds without hardware of their own: left out of lists unless asked for. A tunnel is not: a VPN's default route is what counts then. */
export const virtualKinds: ReadonlySet<InterfaceKind> = new Set(['bridge', 'virtual'])
