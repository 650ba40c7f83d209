import type { Family } from '../core/ip.ts'
import type { InterfaceKind } from './info.ts'

/** An interface as one system shows it, without its addresses, which `os.networkInterfaces` knows on all of them. */
export interface Link {
  readonly name: string
  readonly index?: number
  readonly kind: InterfaceKind
  readonly up: boolean
  readonly mac?: string
  readonly mtu?: number
}

/** A default route as one system shows it. */
export interface DefaultRoute {
  readonly name: string
  readonly family: Family
  readonly metric: number
  readonly gateway?: string
}

/** What one system shows of its network beyond `os.networkInterfaces`. */
export interface SystemView {
  /** Interfaces of which perhaps nothing but the name is known. */
  readonly names?: readonly string[]
  readonly links: readonly Link[]
  /** In the order in which the system prefers those of equal metric. */
  readonly routes: readonly DefaultRoute[]
  readonly addressFlags?: (
    name: string,
    address: string,
  ) => { readonly temporary: boolean; readonly deprecated: boolean } | undefined
}
