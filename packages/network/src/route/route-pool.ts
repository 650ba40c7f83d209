import { showAs } from '../show-as.ts'
import type { Route, RouteFields } from './route.ts'

/** One address that the world sees, and the route behind it; without one while nobody has asked. */
export interface PooledRoute {
  readonly route: Route
  readonly extIp?: string
}

/**
 * Routes in order of preference, seen as a list of single external addresses (FEATURES P2): a route with three of them counts three times, one
 * whose external address is not known counts once. Immutable.
 */
export class RoutePool implements Iterable<PooledRoute> {
  readonly routes: readonly Route[]
  readonly #entries: readonly PooledRoute[]

  constructor(routes: Iterable<Route>) {
    this.routes = Object.freeze([...routes])
    this.#entries = this.routes.flatMap((route): PooledRoute[] =>
      route.extIps.length === 0 ? [{ route }] : route.extIps.map(extIp => ({ route, extIp })),
    )
  }

  get length(): number {
    return this.#entries.length
  }

  /** The entry at an index, from the end if it is negative; `undefined` outside. */
  at(index: number): PooledRoute | undefined {
    return this.#entries.at(index)
  }

  /** Entries as `Array.prototype.slice` takes them. */
  slice(start?: number, end?: number): readonly PooledRoute[] {
    return this.#entries.slice(start, end)
  }

  /** The pool without a route. */
  without(route: Route): RoutePool {
    return new RoutePool(this.routes.filter(each => each !== route))
  }

  /** Both pools' routes, this one's first: those of several interfaces as one. */
  concat(other: RoutePool): RoutePool {
    return new RoutePool([...this.routes, ...other.routes])
  }

  [Symbol.iterator](): Iterator<PooledRoute> {
    return this.#entries[Symbol.iterator]()
  }

  toJSON(): readonly RouteFields[] {
    return this.routes.map(route => route.toJSON())
  }
}
showAs(RoutePool, pool => ({ routes: pool.toJSON() }))
