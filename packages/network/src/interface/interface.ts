import type { Family } from '../core/ip.ts'
import { NetworkError } from '../errors.ts'
import { type Route, routesOf } from '../route/route.ts'
import { RoutePool } from '../route/route-pool.ts'
import { showAs } from '../show-as.ts'
import type { InterfaceInfo } from './info.ts'
import { listInterfaces, type ListOptions } from './list.ts'

/** Options of {@link Interface.default} and {@link Interface.open}. */
export interface OpenOptions extends Omit<ListOptions, 'includeVirtual' | 'includeLoopback'> {
  /** Only an interface that has addresses of this family. Default: either, IPv4 first. */
  readonly family?: Family
}

/**
 * A network interface as it was when it was asked for (FEATURES P1). It works without any network, and nothing is remembered between two calls:
 * after a change of the network the next call sees it. {@link watchInterfaces} tells of changes.
 */
export class Interface {
  /** All that the system told. */
  readonly info: InterfaceInfo
  /** What can be told of its routes without asking anybody. */
  readonly routes: RoutePool

  private constructor(info: InterfaceInfo) {
    this.info = info
    this.routes = new RoutePool(routesOf(info))
  }

  /**
   * The interface that the system's default route leads through. Default deadline 10 000 ms.
   *
   * @throws NetworkError `P2P_NO_DEFAULT_ROUTE`, and as {@link listInterfaces}
   */
  static async default(options: OpenOptions = {}): Promise<Interface> {
    const all = await listInterfaces({ ...options, includeVirtual: true })
    const families: readonly Family[] = options.family === undefined ? [4, 6] : [options.family]
    for (const family of families) {
      const found = all.find(({ defaultFor }) => defaultFor.includes(family))
      if (found !== undefined) return new Interface(found)
    }
    const what = options.family === undefined ? '' : ` of IPv${options.family}`
    throw new NetworkError('P2P_NO_DEFAULT_ROUTE', `this machine has no default route${what}`)
  }

  /**
   * An interface by its name, or the default one without a name. Default deadline 10 000 ms.
   *
   * @throws NetworkError `P2P_INTERFACE_NOT_FOUND`, also for one that has no address of the family; `P2P_NO_DEFAULT_ROUTE`
   */
  static async open(options: OpenOptions & { readonly name?: string } = {}): Promise<Interface> {
    if (options.name === undefined) return Interface.default(options)
    const all = await listInterfaces({ ...options, includeVirtual: true, includeLoopback: true })
    const found = all.find(({ name }) => name === options.name)
    const { family } = options
    if (found === undefined) {
      const names = all.map(({ name }) => name).join(', ')
      const message = `there is no interface ${JSON.stringify(options.name)}; there are: ${names}`
      throw new NetworkError('P2P_INTERFACE_NOT_FOUND', message)
    }
    if (family !== undefined && !found.addresses.some(each => each.family === family))
      throw new NetworkError('P2P_INTERFACE_NOT_FOUND', `${found.name} has no address of IPv${family}`)
    return new Interface(found)
  }

  get name(): string {
    return this.info.name
  }

  /** Families of which it has an address. */
  get families(): ReadonlySet<Family> {
    return new Set(this.info.addresses.map(({ family }) => family))
  }

  /** Its first route of a family, or of either. @throws NetworkError `P2P_NO_DEFAULT_ROUTE` if it has none */
  route(family?: Family): Route {
    const route = this.routes.routes.find(each => family === undefined || each.family === family)
    if (route !== undefined) return route
    const what = family === undefined ? '' : ` of IPv${family}`
    throw new NetworkError('P2P_NO_DEFAULT_ROUTE', `${this.name} has no address${what}`)
  }

  toJSON(): InterfaceInfo {
    return this.info
  }
}
showAs(Interface, nic => ({ ...nic.info, routes: nic.routes.toJSON() }))
