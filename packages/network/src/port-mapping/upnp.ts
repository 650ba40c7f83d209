import type { WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { toEndpoint } from '../core/endpoint.ts'
import { NetworkError } from '../errors.ts'
import type { Means, Router, Wanted } from './router.ts'

/** A router, as the library shows it. */
export interface UpnpGateway {
  readonly id: string
  readonly family: 'IPv4' | 'IPv6'
  map(
    internalPort: number,
    internalHost: string,
    options: {
      readonly protocol: 'tcp' | 'udp'
      readonly externalPort: number
      /** Milliseconds. */
      readonly ttl: number
      readonly description: string
      readonly autoRefresh: boolean
      readonly signal: AbortSignal
    },
  ): Promise<{ readonly externalHost: string; readonly externalPort: number }>
  unmap(internalPort: number, options: { readonly signal: AbortSignal }): Promise<void>
  stop(): Promise<void>
}

/** The part of `@achingbrain/nat-port-mapper` that is used. Written down here, so that our types do not need the package. */
export interface UpnpLibrary {
  upnpNat(): UpnpClient
}

interface UpnpClient {
  findGateways(options: { readonly signal: AbortSignal }): AsyncIterable<UpnpGateway>
}

const load = async (): Promise<UpnpLibrary> => {
  try {
    return await import('@achingbrain/nat-port-mapper')
  } catch (cause) {
    const message = 'UPnP needs the package @achingbrain/nat-port-mapper: install it beside @p2p/network'
    throw new NetworkError('P2P_NOT_INSTALLED', message, { cause })
  }
}

const refused = (cause: unknown) => {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new NetworkError('P2P_MAPPING_REFUSED', `the router does not map that port: ${message}`, { cause })
}

/** Lets the library work until it is done or nobody waits any more. */
const within = <T>(
  { clock }: Means,
  options: WaitOptions,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> =>
  wait({ ...options, clock, what }, waiter => {
    const controller = new AbortController()
    work(controller.signal).then(waiter.resolve, (error: unknown) => {
      waiter.reject(error instanceof NetworkError ? error : refused(error))
    })
    return () => controller.abort()
  })

const firstGateway = async (client: UpnpClient, signal: AbortSignal): Promise<UpnpGateway> => {
  try {
    for await (const gateway of client.findGateways({ signal })) {
      if (gateway.family === 'IPv4') return gateway
    }
  } catch (cause) {
    throw new NetworkError('P2P_NO_GATEWAY', 'looking for a router by UPnP failed', { cause })
  }
  throw new NetworkError('P2P_NO_GATEWAY', 'no router answers by UPnP')
}

/** UPnP IGD through the library. Renewing is left to us: the library's own goes on when its caller has gone. */
export const upnp = async (means: Means, options: WaitOptions, given?: UpnpLibrary): Promise<Router> => {
  const library = given ?? (await load())
  const client = library.upnpNat()
  const gateway = await within(means, options, 'a router that speaks UPnP', signal =>
    firstGateway(client, signal),
  )
  const map = async (
    { transport, internal, externalPort, lifetime, description }: Wanted,
    signal: AbortSignal,
  ) => {
    const wanted = {
      protocol: transport,
      externalPort,
      ttl: lifetime,
      description,
      autoRefresh: false,
      signal,
    }
    const { externalHost, externalPort: port } = await gateway.map(internal.port, internal.address, wanted)
    return { external: toEndpoint(externalHost, port), lifetime }
  }
  return {
    protocol: 'upnp',
    name: gateway.id,
    map: (wanted, how) => within(means, how, 'the mapping of a port', signal => map(wanted, signal)),
    unmap: ({ internal }, how) =>
      within(means, how, 'the end of a mapping', signal => gateway.unmap(internal.port, { signal })),
    close: () => gateway.stop(),
  }
}
