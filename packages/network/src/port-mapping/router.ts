import type { Clock, Random, WaitOptions } from '@p2p/interfaces'
import type { Endpoint } from '../core/endpoint.ts'
import type { Machine } from '../interface/machine.ts'
import type { Sockets } from '../socket/sockets.ts'

/** Protocols in which routers are asked for ports. */
export type MappingProtocol = 'nat-pmp' | 'upnp'

/** What is wanted of a router. */
export interface Wanted {
  readonly transport: 'tcp' | 'udp'
  readonly internal: Endpoint
  readonly externalPort: number
  /** Milliseconds. */
  readonly lifetime: number
  readonly description: string
}

/** What a router granted. */
export interface Granted {
  readonly external: Endpoint
  /** Milliseconds. */
  readonly lifetime: number
}

/** A router that maps ports. */
export interface Router {
  readonly protocol: MappingProtocol
  /** Its address, or what it calls itself. */
  readonly name: string
  /** Maps, or renews what is mapped. @throws NetworkError `P2P_MAPPING_REFUSED`, … */
  map(wanted: Wanted, options: WaitOptions): Promise<Granted>
  unmap(wanted: Wanted, options: WaitOptions): Promise<void>
  /** Leaves nothing behind on this machine. */
  close(): Promise<void>
}

/** What routers are reached with. */
export interface Means {
  readonly sockets: Sockets
  readonly clock: Clock
  readonly random: Random
  readonly machine: Machine
  /** The address to ask from. */
  readonly host: Endpoint
}
