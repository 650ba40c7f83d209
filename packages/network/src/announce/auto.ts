import type { Clock, Random } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { addressesOf, isOuter, type Listening, placeOf, takesIpv4 } from '../core/addresses.ts'
import { NetworkError } from '../errors.ts'
import type { InterfaceInfo } from '../interface/info.ts'
import { listInterfaces } from '../interface/list.ts'
import type { Machine } from '../interface/machine.ts'
import { watchInterfaces } from '../interface/watch.ts'
import { detectNat } from '../nat/detect.ts'
import type { NatReport } from '../nat/report.ts'
import type { ServerName } from '../nat/servers.ts'
import { mapPort, type MapPortOptions, type PortMapping } from '../port-mapping/map-port.ts'
import type { Sockets } from '../socket/sockets.ts'

/** What was found out, as {@link AutoAnnounceOptions.onReport} is told. */
export interface AnnounceReport {
  /** What is announced, best first. */
  readonly addresses: readonly `${string}://${string}`[]
  /** Ports of the router that lead here. */
  readonly mappings: readonly PortMapping[]
  /** What STUN servers told, if any were named. */
  readonly nat?: NatReport
  /** What did not work; each of it only means that fewer addresses are announced. */
  readonly errors: readonly unknown[]
}

/** Options of {@link autoAnnounce}. */
export interface AutoAnnounceOptions {
  /** STUN servers that are asked what the world sees of this machine. Default: none, and nobody outside is asked. */
  readonly servers?: readonly ServerName[]
  /**
   * Whether the router is asked for a port for each listener, if the machine has no public IPv4 address; or how. Default `true`: by NAT-PMP, and by UPnP
   * where `@achingbrain/nat-port-mapper` is installed.
   */
  readonly mapPorts?: boolean | Pick<MapPortOptions, 'protocols' | 'gateway' | 'lifetime' | 'upnp'>
  /** Told each time when it has looked. Default: nobody is told. */
  readonly onReport?: (report: AnnounceReport) => void
  /** Milliseconds between two looks at the network interfaces. Default: that of `watchInterfaces`. */
  readonly interval?: number
  readonly machine?: Machine
  readonly sockets?: Sockets
  readonly clock?: Clock
  readonly random?: Random
}

/** What the announcer of `@p2p/mesh` is given: where it listens, whom to tell, and until when. */
export interface AnnounceTask {
  readonly listeners: readonly Listening[]
  readonly announce: (addresses: readonly `${string}://${string}`[]) => void
  readonly signal: AbortSignal
}

/** Milliseconds after which everything is looked at again though nothing is known to have changed: a router or a server that was silent may answer. */
const lookAgain = 600_000

/**
 * Finds out where others can reach the listeners of a node, tells it, and goes on while the network changes: `announce: autoAnnounce()` of `createMesh`.
 *
 * Announced are, best first: the router's ports that lead here; the address that STUN servers see, if the NAT was measured to let everybody in at the same
 * ports; public addresses of the interfaces; and their private ones, for those in the same network. What is not known to lead here is not announced: a node
 * behind a NAT that maps no ports announces its private addresses only. The machine's own addresses are announced at once, the rest when it is known, at the
 * latest after 10 s. The ports of the router are given back when it ends.
 */
export const autoAnnounce =
  (options: AutoAnnounceOptions = {}): ((task: AnnounceTask) => Promise<void>) =>
  async task => {
    const search = new Search(task, options)
    try {
      await search.run()
    } finally {
      await search.close()
    }
  }

class Search {
  readonly #task: AnnounceTask
  readonly #options: AutoAnnounceOptions
  readonly #clock: Clock
  #mappings: readonly PortMapping[] = []
  /** For which state of the interfaces the ports were mapped. */
  #mappedFor: string | undefined
  #isDue = true
  #wake: (() => void) | undefined
  #watching: Promise<void> | undefined
  /** What is to be told with the next report. */
  #errors: unknown[] = []

  constructor(task: AnnounceTask, options: AutoAnnounceOptions) {
    this.#task = task
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  async run(): Promise<void> {
    const { signal } = this.#task
    while (!signal.aborted) {
      this.#watching ??= this.#watch()
      this.#isDue = false
      await this.#look()
      await this.#nextChange()
    }
    await this.#watching
  }

  /** Gives the ports back. */
  async close(): Promise<void> {
    await Promise.all(this.#mappings.map(mapping => mapping.close()))
  }

  #due(): void {
    this.#isDue = true
    this.#wake?.()
  }

  /** Looks out for changes of the interfaces. If that fails, it is begun anew with the next look. */
  async #watch(): Promise<void> {
    const { interval, machine } = this.#options
    const { signal } = this.#task
    const how = { ...given({ interval, machine }), clock: this.#clock, signal }
    try {
      for await (const _ of watchInterfaces(how)) this.#due()
    } catch (error) {
      this.#errors.push(error)
      this.#watching = undefined
    }
  }

  /** Waits until something has changed, or for long. */
  async #nextChange(): Promise<void> {
    const { signal } = this.#task
    if (this.#isDue || signal.aborted) return
    await wait<undefined>({ clock: this.#clock, what: 'a change of the network', signal }, waiter => {
      this.#wake = () => waiter.resolve(undefined)
      const timer = this.#clock.after(lookAgain, () => waiter.resolve(undefined))
      return () => {
        this.#wake = undefined
        timer[Symbol.dispose]()
      }
    }).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }

  async #look(): Promise<void> {
    const { listeners, announce, signal } = this.#task
    const { machine, onReport } = this.#options
    const how = { ...given({ machine }), clock: this.#clock, signal }
    const interfaces = await listInterfaces(how).catch(this.#failed)
    if (interfaces !== undefined) announce(addressesOf(listeners, { interfaces, mapped: this.#mapped() }))
    const [nat] = await Promise.all([
      this.#askServers().catch(this.#failed),
      interfaces && this.#mapPorts(interfaces).catch(this.#failed),
    ])
    if (signal.aborted) return
    const open = openAddress(nat)
    const addresses =
      interfaces && addressesOf(listeners, { interfaces, mapped: this.#mapped(), ...given({ open }) })
    if (addresses !== undefined) announce(addresses)
    const errors = this.#errors
    this.#errors = []
    onReport?.({ addresses: addresses ?? [], mappings: this.#mappings, errors, ...given({ nat }) })
  }

  /** One of the ways to learn more has failed; the others are still worth taking. */
  readonly #failed = (error: unknown): undefined => {
    if (!this.#task.signal.aborted) this.#errors.push(error)
    return undefined
  }

  async #askServers(): Promise<NatReport | undefined> {
    const { servers = [], sockets, random } = this.#options
    if (servers.length === 0) return undefined
    return detectNat({
      servers,
      ...given({ sockets, random }),
      clock: this.#clock,
      signal: this.#task.signal,
    })
  }

  /** Has the router map the ports, unless it has done so in the same situation. */
  async #mapPorts(interfaces: readonly InterfaceInfo[]): Promise<void> {
    const { mapPorts = true, sockets, machine, random } = this.#options
    const { listeners, signal } = this.#task
    const own = interfaces.flatMap(({ addresses }) => addresses.filter(({ family }) => family === 4))
    const gateways = interfaces.flatMap(each => (each.defaultFor.includes(4) ? each.gateways : []))
    const situation = JSON.stringify([own.map(({ address }) => address), gateways])
    if (situation === this.#mappedFor) return
    await this.close()
    this.#mappings = []
    const isPublic = own.some(({ address }) => isOuter(address))
    if (mapPorts === false || isPublic || gateways.length === 0) return
    const places = listeners.flatMap(({ address }) => placeOf(address) ?? [])
    const ports = new Set(places.filter(takesIpv4).map(({ port }) => port))
    const how = mapPorts === true ? {} : mapPorts
    const outcomes = await Promise.allSettled(
      Array.from(ports, port =>
        mapPort({
          ...how,
          ...given({ sockets, machine, random }),
          transport: 'tcp',
          port,
          clock: this.#clock,
          signal,
        }),
      ),
    )
    this.#mappings = outcomes.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
    for (const each of outcomes) if (each.status === 'rejected') this.#failed(each.reason)
    for (const mapping of this.#mappings) {
      const { external } = mapping
      const message = `the router is behind another NAT: it maps a port of ${external.address}`
      if (!isOuter(external.address)) this.#failed(new NetworkError('P2P_NO_PATH', message))
      void mapping.closed.then(({ error }) => error && this.#lost(mapping, error))
    }
    this.#mappedFor = this.#mappings.length === ports.size ? situation : undefined
  }

  /** The router keeps a port no more. */
  #lost(mapping: PortMapping, error: Error): void {
    this.#mappings = this.#mappings.filter(each => each !== mapping)
    this.#mappedFor = undefined
    this.#failed(error)
    this.#due()
  }

  /** Where the router's ports lead here. A router behind another NAT opens some that nobody outside can reach. */
  #mapped(): Map<number, PortMapping['external']> {
    const useful = this.#mappings.filter(({ external }) => isOuter(external.address))
    return new Map(useful.map(({ internal, external }) => [internal.port, external]))
  }
}

/** The address that the world sees, if everybody may knock there at the port at which we listen. */
const openAddress = (nat: NatReport | undefined): string | undefined => {
  const isOpen = nat?.filtering === 'endpoint-independent' && nat.portAllocation?.kind === 'equal'
  return isOpen && nat.translated === true ? nat.public?.address : undefined
}

/** Only what is there: an option that is `undefined` is none. */
const given = <T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
