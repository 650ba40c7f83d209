import { describe, expect, it } from 'vitest'
import { Route, toEndpoint } from '../src/index.ts'
import { discoverRoutes } from '../src/nat.ts'
import { createWorld } from './simulator/world.ts'

const route = (address: string) =>
  new Route({ family: 4, interface: 'eth0', nicIps: [address], extIps: [], linkLocal: [], status: 'assumed' })

describe('what the world sees of routes', () => {
  it('is measured for each, and a route that fails does not disturb the others', async () => {
    const world = await createWorld()
    const { clock, random, server } = world
    const host = world.behind({})
    const [own] = host.addresses
    const good = route(own as string)
    // Nobody answers there, because nobody is there
    const lost = route('10.99.0.9')
    const silent = toEndpoint('198.51.100.99', 3_478)
    const options = { servers: [server, silent], sockets: host.sockets, clock, random }
    const { routes, failures, disagreements } = await clock.run(discoverRoutes([good, lost], options))
    expect(routes.routes[0]).toMatchObject({ extIps: ['203.0.113.1'], status: 'measured' })
    expect(routes.routes[1]).toBe(lost)
    expect(failures).toMatchObject([{ route: lost, error: { code: 'P2P_TIMEOUT' } }])
    expect(disagreements).toEqual([])
    expect(clock.monotonic()).toBe(5_000)
    expect(host.open).toBe(0)
  })

  it('needs a server, and ends with its signal', async () => {
    await expect(discoverRoutes([], { servers: [] })).rejects.toMatchObject({ code: 'P2P_NO_SERVER' })
    const world = await createWorld()
    const { clock, random } = world
    const host = world.behind({})
    const servers = [toEndpoint('198.51.100.99', 3_478)]
    const controller = new AbortController()
    const own = [route(host.addresses[0] as string)]
    const { signal } = controller
    const found = discoverRoutes(own, { servers, sockets: host.sockets, clock, random, signal })
    const refused = expect(found).rejects.toMatchObject({ code: 'P2P_ABORTED' })
    await clock.advance(100)
    controller.abort()
    await refused
    expect(host.open).toBe(0)
  })
})
