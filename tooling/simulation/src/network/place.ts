import type { NetworkHost } from './network-host.ts'

/** Where a host stands in the network. It stays while hosts of its name crash and start again. */
export class Place {
  readonly name: string
  /** From 0, in the order in which names came up. */
  readonly index: number
  /** The host that is up, if one is. */
  host: NetworkHost | undefined

  constructor(name: string, index: number) {
    this.name = name
    this.index = index
  }
}
