import { readFileSync } from 'node:fs'
import type { Address, Connection, Transport } from '@p2p/interfaces'
import { Route } from '@p2p/network'
import { lengthPrefixed } from '@p2p/framing'
import { afterEach, describe, expect, it } from 'vitest'
import { pinnedBy } from '../src/index.ts'
import { connect, listen } from '../src/pipe.ts'
import { tcp } from '../src/tcp.ts'
import { tls } from '../src/tls.ts'
import { udp } from '../src/udp.ts'
import { ws } from '../src/ws.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A route over the loopback, all of whose addresses are this machine's on Linux. */
const over = (address: string, family: 4 | 6 = 4) =>
  new Route({
    family,
    interface: 'lo',
    nicIps: [address],
    extIps: [],
    linkLocal: [],
    status: 'assumed',
  })

const pem = (name: string) => readFileSync(new URL(`certificates/${name}`, import.meta.url))
const [cert, key, ca] = [pem('server.crt'), pem('server.key'), pem('authority.crt')]

const acceptOne = async (transport: Transport, at: Address) => {
  let accepted: ((connection: Connection) => void) | undefined
  const coming = new Promise<Connection>(resolve => (accepted = resolve))
  const listener = await transport.listen(at, connection => accepted?.(connection))
  cleanUps.push(() => listener.close())
  return { listener, coming }
}

const schemes: readonly (readonly [Address, Transport, (via: Route) => Transport])[] = [
  ['tcp://127.0.0.1:0', tcp(), via => tcp({ via })],
  ['tls://127.0.0.1:0', tls({ cert, key }), via => tls({ ca, via, serverName: 'localhost' })],
  ['ws://127.0.0.1:0', ws(), via => ws({ via })],
]

describe.each(schemes)('over a route to %s', (at, server, client) => {
  it('a connection comes from the address of the route', async () => {
    const { listener, coming } = await acceptOne(server, at)
    const connection = await client(over('127.0.0.2')).dial(listener.address)
    cleanUps.push(() => connection.abort())
    const inbound = await coming
    cleanUps.push(() => inbound.abort())
    expect(inbound.remote).toContain('//127.0.0.2:')
    expect(inbound.remote).toBe(connection.local)
    expect(pinnedBy(connection.local)).toBe('address')
  })

  it('a host of the other family cannot be reached', async () => {
    const dial = client(over('::1', 6)).dial(at.replace(':0', ':9') as Address)
    await expect(dial).rejects.toMatchObject({ code: 'P2P_HOST_UNREACHABLE' })
  })

  it('an address that the machine no longer has is refused', async () => {
    const dial = client(over('203.0.113.77')).dial(at.replace(':0', ':9') as Address)
    await expect(dial).rejects.toMatchObject({ code: 'P2P_ADDRESS_NOT_AVAILABLE' })
  })
})

describe.each([
  ['tcp', (via: Route) => tcp({ via })],
  ['tls', (via: Route) => tls({ cert, key, via })],
  ['ws', (via: Route) => ws({ via })],
])('listening with %s at a route', (scheme, transport) => {
  it('a wildcard is the address of the route, and nothing else', async () => {
    const { listener } = await acceptOne(transport(over('127.0.0.3')), `${scheme}://0.0.0.0:0`)
    const { port = '' } = /:(?<port>\d+)/.exec(listener.address.slice(8))?.groups ?? {}
    expect(listener.address).toContain(`${scheme}://127.0.0.3:${port}`)
    expect(listener.reachable).toEqual([listener.address])
    expect(pinnedBy(listener.address)).toBe('address')
    // Where no other test listens at all: at 127.0.0.1 another one has had this very port
    await expect(tcp().dial(`tcp://127.0.0.99:${port}`)).rejects.toMatchObject({
      code: 'P2P_CONNECTION_REFUSED',
    })
  })

  it('an address that is not the route is refused, and so is a name', async () => {
    const listening = transport(over('127.0.0.3')).listen(`${scheme}://127.0.0.4:0`, () => {})
    await expect(listening).rejects.toMatchObject({ code: 'P2P_BAD_ADDRESS' })
    const named = transport(over('127.0.0.3')).listen(`${scheme}://localhost:0`, () => {})
    await expect(named).rejects.toMatchObject({ code: 'P2P_BAD_ADDRESS' })
  })
})

it('a name is looked up in the family of the route', async () => {
  const { listener, coming } = await acceptOne(tcp(), 'tcp://127.0.0.1:0')
  const byName = listener.address.replace('127.0.0.1', 'localhost') as Address
  const connection = await tcp({ via: over('127.0.0.2') }).dial(byName)
  cleanUps.push(() => connection.abort())
  expect((await coming).remote).toContain('//127.0.0.2:')
})

it('datagrams come from the address of the route, and go to it', async () => {
  const bound = await udp({ via: over('127.0.0.2') }).bind('udp://0.0.0.0:0')
  const connected = await udp({ via: over('127.0.0.3') }).connect(bound.local)
  cleanUps.push(() => Promise.all([bound.close(), connected.close()]))
  expect(bound.local).toContain('//127.0.0.2:')
  const came = new Promise<Address>(resolve => bound.onDatagram((_, from) => resolve(from)))
  connected.send(Uint8Array.of(1))
  expect(await came).toBe(connected.local)
  expect(connected.local).toContain('//127.0.0.3:')
  expect([bound.local, connected.local].map(pinnedBy)).toEqual(['address', 'address'])
})

it('datagrams have no way to the other family, from an address that is gone, or at a foreign address', async () => {
  const route = over('127.0.0.2')
  await expect(udp({ via: route }).connect('udp://[::1]:9')).rejects.toMatchObject({
    code: 'P2P_HOST_UNREACHABLE',
  })
  await expect(udp({ via: over('203.0.113.77') }).connect('udp://127.0.0.1:9')).rejects.toMatchObject({
    code: 'P2P_ADDRESS_NOT_AVAILABLE',
  })
  await expect(udp({ via: route }).bind('udp://127.0.0.9:0')).rejects.toMatchObject({
    code: 'P2P_BAD_ADDRESS',
  })
})

it('pipes take a route, listening and dialling', async () => {
  const framing = lengthPrefixed()
  const server = await listen('tcp://0.0.0.0:0', { framing, via: over('127.0.0.2') })
  cleanUps.push(() => server.close())
  const pipe = await connect(server.address, { framing, via: over('127.0.0.3') })
  cleanUps.push(() => pipe.close())
  const client = await server.accept()
  expect(server.address).toContain('//127.0.0.2:')
  expect(client.remote).toContain('//127.0.0.3:')
  pipe.send(Uint8Array.of(1))
  expect((await client.recv()).data).toEqual(Uint8Array.of(1))
})

it.each([
  ['tcp://[fe80::1%eth0]:80', 'device'],
  ['udp://[2001:db8::1]:80', 'address'],
  ['ws://10.0.0.1:80/path', 'address'],
  ['tcp://0.0.0.0:80', 'none'],
  ['tcp://[::]:80', 'none'],
  ['tcp://example.org:80', 'none'],
  ['unix:///run/10.0.0.1:80', 'none'],
  ['memory://10', 'none'],
] as const)('%s is pinned by: %s', (address, pinned) => {
  expect(pinnedBy(address)).toBe(pinned)
})
