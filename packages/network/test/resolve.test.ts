import { VirtualClock } from '@p2p/simulation'
import { describe, expect, it } from 'vitest'
import { resolve, Route, RoutePool } from '../src/index.ts'

const route = (fields: object) =>
  new Route({
    family: 4,
    interface: 'eth0',
    nicIps: ['10.0.0.2'],
    extIps: [],
    linkLocal: [],
    status: 'assumed',
    ...fields,
  })

describe('resolving', () => {
  it('asks nobody about an address', async () => {
    const resolver = () => Promise.reject(new Error('asked'))
    expect(await resolve('10.0.0.1', 80, { resolver })).toEqual([
      { address: '10.0.0.1', family: 4, port: 80 },
    ])
    expect(await resolve('::', 80, { resolver })).toEqual([{ address: '::1', family: 6, port: 80 }])
  })

  it('keeps the order of the resolver, and only the wanted family', async () => {
    const resolver = async () => ['2606:4700::1', '1.1.1.1', '1.0.0.1']
    const all = await resolve('example.org', 80, { resolver })
    expect(all.map(({ address }) => address)).toEqual(['2606:4700::1', '1.1.1.1', '1.0.0.1'])
    const four = await resolve('example.org', 80, { resolver, via: route({}) })
    expect(four.map(({ address }) => address)).toEqual(['1.1.1.1', '1.0.0.1'])
  })

  it('gives a link-local address the scope of its route, and refuses one without any', async () => {
    const via = route({ family: 6, nicIps: [], linkLocal: ['fe80::2'] })
    expect(await resolve('fe80::1', 80, { via })).toMatchObject([{ scope: 'eth0' }])
    expect(await resolve('fe80::1%en0', 80)).toMatchObject([{ scope: 'en0' }])
    await expect(resolve('fe80::1', 80)).rejects.toMatchObject({ code: 'P2P_BAD_ADDRESS' })
    expect(via.endpoint({ port: 9 })).toEqual({ address: 'fe80::2', family: 6, port: 9, scope: 'eth0' })
  })

  it('says that a name is unknown', async () => {
    const resolver = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
    await expect(resolve('nowhere.invalid', 80, { resolver })).rejects.toMatchObject({
      code: 'P2P_HOST_UNKNOWN',
    })
    const none = resolve('example.org', 80, { resolver: async () => ['1.1.1.1'], family: 6 })
    await expect(none).rejects.toMatchObject({ code: 'P2P_HOST_UNKNOWN' })
  })

  it('ends in its deadline', async () => {
    const clock = new VirtualClock()
    const resolver = () => new Promise<string[]>(() => undefined)
    await expect(clock.run(resolve('a', 80, { resolver, clock }))).rejects.toMatchObject({
      code: 'P2P_TIMEOUT',
    })
    expect(clock.monotonic()).toBe(10_000)
  })
})

describe('a pool of routes', () => {
  const first = route({ extIps: ['1.1.1.1', '2.2.2.2'] })
  const second = route({ interface: 'wlan0' })
  const pool = new RoutePool([first, second])

  it('is a list of single external addresses', () => {
    expect([...pool]).toEqual([
      { route: first, extIp: '1.1.1.1' },
      { route: first, extIp: '2.2.2.2' },
      { route: second },
    ])
    expect(pool.length).toBe(3)
    expect(pool.at(-1)).toEqual({ route: second })
    expect(pool.slice(1, 2)).toEqual([{ route: first, extIp: '2.2.2.2' }])
  })

  it('does not change, and neither do its routes', () => {
    expect(pool.without(first).length).toBe(1)
    expect(pool.concat(new RoutePool([first])).length).toBe(5)
    expect(pool.length).toBe(3)
    expect(() => (first.extIps as string[]).push('3.3.3.3')).toThrow(TypeError)
    expect(second.seenAs(['9.9.9.9'])).toMatchObject({ status: 'measured', extIps: ['9.9.9.9'] })
    expect(second.status).toBe('assumed')
  })
})
