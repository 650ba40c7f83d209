import type { Clock, CloseReason, Random, WaitOptions } from '@p2p/interfaces'
import { systemClock, systemRandom } from '@p2p/interfaces/system'
import { type Endpoint, toEndpoint } from '../core/endpoint.ts'
import { NetworkError } from '../errors.ts'
import { listInterfaces } from '../interface/list.ts'
import { type Machine, thisMachine } from '../interface/machine.ts'
import type { Sockets } from '../socket/sockets.ts'
import { systemSockets } from '../socket/system.ts'
import { natPmp } from './nat-pmp.ts'
import type { MappingProtocol, Means, Router, Wanted } from './router.ts'
import { upnp, type UpnpLibrary } from './upnp.ts'

/** Options of {@link mapPort}. */
export interface MapPortOptions extends WaitOptions {
  readonly transport: 'tcp' | 'udp'
  /** The port of ours that is to be reached. */
  readonly port: number
  /** The port outside. A router may give another one. Default: `port`. */
  readonly externalPort?: number
  /** Milliseconds for which the router keeps the mapping without hearing of us. It is renewed at half of it. Default 3 600 000. */
  readonly lifetime?: number
  /** What the router's owner reads. Default `@p2p`. */
  readonly description?: string
  /** Asked at once; the first that maps is taken. Default `['nat-pmp', 'upnp']`. UPnP needs `@achingbrain/nat-port-mapper`. */
  readonly protocols?: readonly MappingProtocol[]
  /** The router's address. Default: that of the default route. */
  readonly gateway?: string
  /** `@achingbrain/nat-port-mapper`, or what does the same. Default: it is imported when it is needed. */
  readonly upnp?: UpnpLibrary
  readonly machine?: Machine
  readonly sockets?: Sockets
  readonly clock?: Clock
  readonly random?: Random
}

/** A port outside that leads to one of ours, until it is closed. */
export interface PortMapping extends AsyncDisposable {
  /** Where it is reached from outside, as the router says. */
  readonly external: Endpoint
  readonly internal: Endpoint
  readonly protocol: MappingProtocol
  /** The router. */
  readonly router: string
  /** Resolves when it has ended: without an error after `close`, with one when it could not be renewed until it ran out. */
  readonly closed: Promise<CloseReason>
  /** Removes it. If the router does not hear of that in 5 000 ms, it runs out by itself; that is no error. Idempotent. */
  close(): Promise<void>
}

/** Milliseconds for all of {@link mapPort}. */
export const mapPortTimeout = 10_000

/** Milliseconds after which a failed renewal is tried again. */
const renewAgain = 30_000

/** Milliseconds for a renewal, and for the removal. */
const talkTimeout = 5_000

/** Milliseconds. A router that grants less is not asked more often than this. */
const shortestRenewal = 1_000

/**
 * Has the router map a port, so that this machine can be reached from outside (FEATURES P12): by NAT-PMP (RFC 6886) and UPnP IGD side by side. It is
 * renewed, and removed when closed. IPv4 only. Default deadline 10 000 ms.
 *
 * @throws NetworkError `P2P_NO_GATEWAY`, `P2P_MAPPING_REFUSED`, `P2P_NOT_INSTALLED`: that of the first protocol, the others' as its `cause`;
 * `P2P_HOST_UNREACHABLE`, `P2P_NO_DEFAULT_ROUTE` without a network; `P2P_TIMEOUT`, `P2P_ABORTED`
 */
export const mapPort = async (options: MapPortOptions): Promise<PortMapping> => {
  const {
    clock = systemClock,
    random = systemRandom,
    sockets = systemSockets,
    machine = thisMachine,
  } = options
  const { signal, timeout = mapPortTimeout, transport, port, protocols = ['nat-pmp', 'upnp'] } = options
  const gateway = options.gateway ?? (await gatewayOf(machine, clock, options))
  const host = toEndpoint(await sockets.source(toEndpoint(gateway, 9)), 0)
  const means: Means = { sockets, clock, random, machine, host }
  const wanted: Wanted = {
    transport,
    internal: { ...host, port },
    externalPort: options.externalPort ?? port,
    lifetime: options.lifetime ?? 3_600_000,
    description: options.description ?? '@p2p',
  }
  const losers = new AbortController()
  const any = signal === undefined ? losers.signal : AbortSignal.any([signal, losers.signal])
  const how = { signal: any, timeout }
  let winner: Router | undefined
  const tries = protocols.map(async protocol => {
    const router =
      protocol === 'upnp' ? await upnp(means, gateway, how, options.upnp) : await natPmp(means, gateway, how)
    try {
      const granted = await router.map(wanted, how)
      if (winner === undefined) {
        winner = router
        return { router, granted }
      }
      // The other one was faster: two mappings of one port would be one too many
      await router.unmap({ ...wanted, externalPort: granted.external.port }, { timeout: talkTimeout })
      throw new NetworkError('P2P_MAPPING_REFUSED', 'another protocol was faster')
    } catch (error) {
      await router.close()
      throw error
    }
  })
  try {
    const { router, granted } = await Promise.any(tries)
    return keep(router, means, { ...wanted, externalPort: granted.external.port }, granted)
  } catch (error) {
    const [first, ...rest] = error instanceof AggregateError ? (error.errors as unknown[]) : [error]
    if (rest.length === 0 || !(first instanceof NetworkError)) throw first
    throw new NetworkError(first.code, first.message, { cause: new AggregateError(rest) })
  } finally {
    losers.abort()
    await Promise.allSettled(tries)
  }
}

const gatewayOf = async (machine: Machine, clock: Clock, options: WaitOptions): Promise<string> => {
  const { signal, timeout = mapPortTimeout } = options
  const all = await listInterfaces({ machine, clock, signal, timeout, includeVirtual: true })
  const gateways = all.flatMap(each => (each.defaultFor.includes(4) ? each.gateways : []))
  const found = gateways.find(({ family }) => family === 4)?.address
  if (found !== undefined) return found
  throw new NetworkError('P2P_NO_DEFAULT_ROUTE', 'this machine has no router for IPv4')
}

type First = Awaited<ReturnType<Router['map']>>

/** Renews a mapping until it is closed. */
const keep = (router: Router, { clock }: Means, wanted: Wanted, first: First): PortMapping => {
  const controller = new AbortController()
  let timer: Disposable | undefined
  let closing: Promise<void> | undefined
  let expires = clock.monotonic() + first.lifetime
  let ended: (reason: CloseReason) => void = () => undefined
  const closed = new Promise<CloseReason>(resolve => {
    ended = resolve
  })

  const renewIn = (delay: number) => {
    timer = clock.after(Math.max(delay, shortestRenewal), () => void renew())
  }
  const renew = async () => {
    try {
      const { external, lifetime } = await router.map(wanted, {
        signal: controller.signal,
        timeout: talkTimeout,
      })
      // Who was told of the port would knock at a wrong one
      if (external.port !== first.external.port || external.address !== first.external.address)
        throw new NetworkError('P2P_MAPPING_REFUSED', 'the router has changed the mapping')
      expires = clock.monotonic() + lifetime
      if (closing === undefined) renewIn(lifetime / 2)
    } catch (error) {
      if (closing !== undefined) return
      if (clock.monotonic() + renewAgain < expires) renewIn(renewAgain)
      else await end(error instanceof Error ? { error } : {})
    }
  }
  const end = async (reason: CloseReason) => {
    timer?.[Symbol.dispose]()
    controller.abort()
    // The router may have gone, and with it the mapping
    await router.unmap(wanted, { timeout: talkTimeout }).catch(() => undefined)
    await router.close().catch(() => undefined)
    ended(reason)
  }
  const close = () => (closing ??= end({}))
  renewIn(first.lifetime / 2)
  return {
    external: first.external,
    internal: wanted.internal,
    protocol: router.protocol,
    router: router.name,
    closed,
    close,
    [Symbol.asyncDispose]: close,
  }
}
