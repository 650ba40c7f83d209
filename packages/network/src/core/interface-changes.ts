import type { InterfaceAddress, InterfaceInfo } from '../interface/info.ts'
import type { Family } from './ip.ts'

/** Something about the network interfaces that is not as it was. */
export type InterfaceChange =
  | { readonly type: 'added' | 'removed'; readonly interface: InterfaceInfo }
  | {
      readonly type: 'addresses'
      readonly interface: InterfaceInfo
      readonly added: readonly InterfaceAddress[]
      readonly removed: readonly InterfaceAddress[]
    }
  | {
      /** Another interface, or another router, leads to everywhere now. */
      readonly type: 'default'
      readonly family: Family
      readonly from?: DefaultWay
      readonly to?: DefaultWay
    }

/** The system's first choice to everywhere. */
export interface DefaultWay {
  readonly interface: string
  /** The router's address, where there is one. */
  readonly gateway?: string
}

const defaultWay = (list: readonly InterfaceInfo[], family: Family): DefaultWay | undefined => {
  const found = list.find(({ defaultFor }) => defaultFor.includes(family))
  if (found === undefined) return undefined
  const gateway = found.gateways.find(each => each.family === family)?.address
  return { interface: found.name, ...(gateway === undefined ? {} : { gateway }) }
}

const key = ({ address, prefix }: InterfaceAddress) => `${address}/${prefix}`

/** The addresses of `list` that `other` does not have. */
const missing = (list: readonly InterfaceAddress[], other: readonly InterfaceAddress[]) => {
  const known = new Set(other.map(key))
  return list.filter(address => !known.has(key(address)))
}

/** What has changed between two lists of interfaces: what went, what came, addresses, the default route. */
export const interfaceChanges = (
  before: readonly InterfaceInfo[],
  after: readonly InterfaceInfo[],
): InterfaceChange[] => {
  const old = new Map(before.map(each => [each.name, each]))
  const now = new Map(after.map(each => [each.name, each]))
  const changes: InterfaceChange[] = []
  for (const each of before) if (!now.has(each.name)) changes.push({ type: 'removed', interface: each })
  for (const each of after) {
    const earlier = old.get(each.name)
    if (earlier === undefined) {
      changes.push({ type: 'added', interface: each })
      continue
    }
    const added = missing(each.addresses, earlier.addresses)
    const removed = missing(earlier.addresses, each.addresses)
    if (added.length + removed.length > 0)
      changes.push({ type: 'addresses', interface: each, added, removed })
  }
  for (const family of [4, 6] as const) {
    const from = defaultWay(before, family)
    const to = defaultWay(after, family)
    if (from?.interface === to?.interface && from?.gateway === to?.gateway) continue
    const ends = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
    changes.push({ type: 'default', family, ...ends })
  }
  return changes
}
