import { WaitError, type WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { toEndpoint } from '../core/endpoint.ts'
import { decodeSsdp, encodeSearch, gatewayDevices, ssdpGroup, ssdpPort } from '../core/ssdp/message.ts'
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
  /** A router, by where it describes itself. */
  getGateway(description: URL, options: { readonly signal: AbortSignal }): Promise<UpnpGateway>
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

/** Milliseconds until a question is asked again; it doubles each time. */
const firstPause = 250

/** Milliseconds after which no router is there that speaks UPnP: it has been asked four times, and answers within one second (MX). */
const searchTimeout = 4_000

/**
 * Where the router describes itself. It is asked itself and by multicast, which is all that some listen to; but only it is believed, and only about itself: whoever
 * else is in the network could send us anywhere.
 */
const findDescription = async (
  { sockets, clock, host }: Means,
  gateway: string,
  { signal, timeout = searchTimeout }: WaitOptions,
): Promise<URL> => {
  const socket = await sockets.udp({ ...host, port: 0 })
  const settings = { clock, signal, timeout: Math.min(timeout, searchTimeout) }
  try {
    return await wait<URL>({ ...settings, what: `an answer of the router ${gateway} by UPnP` }, waiter => {
      let timer: Disposable | undefined
      const send = (pause: number) => {
        const questions = gatewayDevices.map(encodeSearch)
        const sent = questions.map(question => socket.send(question, toEndpoint(gateway, ssdpPort)))
        Promise.all(sent).catch(waiter.reject)
        for (const question of questions) {
          // Not every network has multicast
          socket.send(question, toEndpoint(ssdpGroup, ssdpPort)).catch(() => undefined)
        }
        timer = clock.after(pause, () => send(pause * 2))
      }
      const listening = socket.onMessage((bytes, from) => {
        const location = from.address === gateway ? descriptionIn(bytes) : undefined
        if (location?.hostname === gateway) waiter.resolve(location)
      })
      send(firstPause)
      return () => {
        timer?.[Symbol.dispose]()
        listening[Symbol.dispose]()
      }
    })
  } catch (error) {
    if (!WaitError.is(error, 'P2P_TIMEOUT')) throw error
    throw new NetworkError('P2P_NO_GATEWAY', `the router ${gateway} does not answer by UPnP`, {
      cause: error,
    })
  } finally {
    await socket.close()
  }
}

const descriptionIn = (bytes: Uint8Array): URL | undefined => {
  try {
    const { target, location } = decodeSsdp(bytes)
    return gatewayDevices.includes(target) ? location : undefined
  } catch {
    // What cannot be read is no answer
    return undefined
  }
}

/**
 * UPnP IGD: the router is found by us, because the library's discovery believes anybody in the network, and ends the process at a notification without a
 * lifetime; what it describes, and SOAP, is the library's. Renewing is left to us too: the library's own goes on when its caller has gone.
 */
export const upnp = async (
  means: Means,
  router: string,
  options: WaitOptions,
  given?: UpnpLibrary,
): Promise<Router> => {
  const client = (given ?? (await load())).upnpNat()
  const description = await findDescription(means, router, options)
  const gateway = await within(means, options, 'the description of the router', signal =>
    client.getGateway(description, { signal }).catch((cause: unknown) => {
      const message = `the router ${router} has no ports to map by UPnP`
      throw new NetworkError('P2P_NO_GATEWAY', message, { cause })
    }),
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
