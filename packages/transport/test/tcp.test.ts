import { type AddressInfo, connect, createServer, Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Address, Connection, Transport } from '@p2p/interfaces'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tcp } from '../src/tcp.ts'
import { turn } from './virtual-clock.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** One connection of ours at both ends. */
const pair = async (transport: Transport = tcp(), at: Address = 'tcp://127.0.0.1:0') => {
  let accepted: ((connection: Connection) => void) | undefined
  const coming = new Promise<Connection>(resolve => (accepted = resolve))
  const listener = await transport.listen(at, connection => accepted?.(connection))
  cleanUps.push(() => listener.close())
  const outbound = await transport.dial(listener.address)
  const inbound = await coming
  cleanUps.push(() => outbound.abort())
  cleanUps.push(() => inbound.abort())
  return { outbound, inbound, listener }
}

const firstByte = (connection: Connection) =>
  new Promise<number>(resolve => connection.onData(([byte = -1]) => resolve(byte)))

const received = (connection: Connection, length: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(length)
  let filled = 0
  return new Promise(resolve =>
    connection.onData(chunk => {
      bytes.set(chunk, filled)
      filled += chunk.length
      if (filled === length) resolve(bytes)
    }),
  )
}

describe('one turn leaves as one write', () => {
  /** Counts what Node.js is asked to write: each call is one system call where the system has room. */
  const countWrites = () => {
    const one = vi.spyOn(Socket.prototype, '_write')
    const several = vi.spyOn(Socket.prototype as Required<Socket>, '_writev')
    return () => [one.mock.calls.length, several.mock.calls.length]
  }

  it('a lone message', async () => {
    const { outbound, inbound } = await pair()
    const writes = countWrites()
    const chunk = Uint8Array.of(7)
    const come = firstByte(inbound)
    outbound.write(chunk)
    expect(await come).toBe(7)
    expect(writes()).toEqual([1, 0])
  })

  it('a thousand messages of 64 bytes', async () => {
    const { outbound, inbound } = await pair()
    const come = received(inbound, 64_000)
    const writes = countWrites()
    for (let index = 0; index < 1_000; index++) outbound.write(new Uint8Array(64).fill(index))
    const bytes = await come
    expect(writes()).toEqual([1, 0])
    expect(bytes.every((byte, offset) => byte === (Math.floor(offset / 64) & 255))).toBe(true)
  })

  it('large chunks among small ones, without a copy of the large', async () => {
    const { outbound, inbound } = await pair()
    const come = received(inbound, 30_016)
    const writes = countWrites()
    outbound.write(new Uint8Array(8).fill(1))
    outbound.write(new Uint8Array(10_000).fill(2))
    outbound.write(new Uint8Array(20_000).fill(3))
    outbound.write(new Uint8Array(4).fill(4))
    outbound.write(new Uint8Array(4).fill(5))
    const bytes = await come
    expect(writes()).toEqual([0, 1])
    expect([...new Set(bytes)]).toEqual([1, 2, 3, 4, 5])
  })

  it('what the promises of the turn write goes along', async () => {
    const { outbound, inbound } = await pair()
    const come = received(inbound, 5)
    const writes = countWrites()
    outbound.write(Uint8Array.of(0))
    for (let index = 1; index < 5; index++) {
      await Promise.resolve()
      outbound.write(Uint8Array.of(index))
    }
    expect([...(await come)]).toEqual([0, 1, 2, 3, 4])
    expect(writes()).toEqual([1, 0])
  })

  it('the writes of the next turn are another', async () => {
    const { outbound, inbound } = await pair()
    const come = received(inbound, 2)
    const writes = countWrites()
    outbound.write(Uint8Array.of(0))
    await turn()
    outbound.write(Uint8Array.of(1))
    await come
    expect(writes()).toEqual([2, 0])
  })

  it('a full slab does not wait, and is released as soon as the system has it', async () => {
    const { outbound, inbound } = await pair()
    inbound.onData(() => undefined)
    let released = false
    outbound.write(new Uint8Array(65_536), () => (released = true))
    expect(released).toBe(true)
    expect(outbound.queued).toBe(0)
  })
})

describe('addresses in use', () => {
  it('a listener at port 0 has a real port, and each connection knows both ends', async () => {
    const { outbound, inbound, listener } = await pair()
    expect(listener.address).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/)
    expect(outbound.remote).toBe(listener.address)
    expect(inbound.local).toBe(listener.address)
    expect(inbound.remote).toBe(outbound.local)
    expect(outbound.local).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/)
  })

  it('a name is resolved, to listen and to dial', async () => {
    const { outbound, inbound } = await pair(tcp(), 'tcp://localhost:0')
    const port = /\d+$/.exec(inbound.local)?.[0] ?? ''
    const come = firstByte(inbound)
    const other = await tcp().dial(`tcp://localhost:${port}`)
    cleanUps.push(() => other.abort())
    outbound.write(Uint8Array.of(9))
    expect(await come).toBe(9)
    const back = firstByte(outbound)
    inbound.write(Uint8Array.of(8))
    expect(await back).toBe(8)
    expect(other.remote).toBe(inbound.local)
  })

  it('a wildcard takes IPv4 and IPv6, and stands for the addresses of this machine', async () => {
    const transport = tcp()
    const accepted: Connection[] = []
    const listener = await transport.listen('tcp://[::]:0', connection => accepted.push(connection))
    cleanUps.push(() => listener.close())
    const port = /\d+$/.exec(listener.address)?.[0] ?? ''
    for (const host of ['127.0.0.1', '[::1]']) (await transport.dial(`tcp://${host}:${port}`)).abort()

    const own = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
    const elsewhere = own.filter(({ internal, address }) => !internal && !address.startsWith('fe80:'))
    const expected = elsewhere.length > 0 ? elsewhere : own.filter(({ internal }) => internal)
    expect(new Set(listener.reachable)).toEqual(
      new Set(
        expected.map(({ family, address }) =>
          family === 'IPv6' ? `tcp://[${address}]:${port}` : `tcp://${address}:${port}`,
        ),
      ),
    )
    for (const address of listener.reachable) (await transport.dial(address)).abort()
  })

  it('0.0.0.0 stands for addresses of IPv4 only, best first, and no wildcard is handed out', async () => {
    const listener = await tcp().listen('tcp://0.0.0.0:0', () => undefined)
    cleanUps.push(() => listener.close())
    expect(listener.reachable.length).toBeGreaterThan(0)
    for (const address of listener.reachable)
      expect(address).toMatch(/^tcp:\/\/(?!0\.0\.0\.0)\d+\.\d+\.\d+\.\d+:\d+$/)
  })

  it('with ipv6Only a wildcard leaves IPv4 alone', async () => {
    const transport = tcp({ ipv6Only: true })
    const listener = await transport.listen('tcp://[::]:0', () => undefined)
    cleanUps.push(() => listener.close())
    const port = /\d+$/.exec(listener.address)?.[0] ?? ''
    for (const address of listener.reachable) expect(address).toContain('[')
    await expect(transport.dial(`tcp://127.0.0.1:${port}`)).rejects.toHaveProperty(
      'code',
      'P2P_CONNECTION_REFUSED',
    )
    const outbound = await transport.dial(`tcp://[::1]:${port}`)
    outbound.abort()
  })

  it('every link-local address of this machine works with its scope; a scope that does not exist is refused', async () => {
    for (const [name, addresses] of Object.entries(networkInterfaces())) {
      for (const { address, scopeid } of addresses ?? []) {
        if (!scopeid) continue
        const { outbound, inbound, listener } = await pair(tcp(), `tcp://[${address}%${name}]:0`)
        expect(listener.address).toContain(`[${address}%${name}]`)
        expect(inbound.remote).toBe(outbound.local)
      }
    }
    const nowhere = tcp().listen('tcp://[fe80::1%nowhere]:0', () => undefined)
    await expect(nowhere).rejects.toHaveProperty('code', 'P2P_BAD_ADDRESS')
  })
})

describe('with a peer that is not one of ours', () => {
  it('its end is ours too: all is delivered and flushed, and then both directions are closed', async () => {
    let accept: ((connection: Connection) => void) | undefined
    const coming = new Promise<Connection>(resolve => (accept = resolve))
    const listener = await tcp().listen('tcp://127.0.0.1:0', connection => accept?.(connection))
    cleanUps.push(() => listener.close())
    const theirs = connect({
      port: Number(/\d+$/.exec(listener.address)?.[0]),
      host: '127.0.0.1',
      allowHalfOpen: true,
    })
    const ours = await coming
    let come = 0
    ours.onData(chunk => (come += chunk.length))
    ours.write(new Uint8Array(2_000_000))
    theirs.end(new Uint8Array(1_000))
    let answered = 0
    theirs.on('data', (chunk: Buffer) => (answered += chunk.length))
    await new Promise(resolve => theirs.once('end', resolve))
    expect(answered).toBe(2_000_000)
    expect(come).toBe(1_000)
    expect(await ours.closed).toEqual({ by: 'remote' })
  })

  it('an abort reaches it as a reset', async () => {
    const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1')
    await new Promise(resolve => server.once('listening', resolve))
    cleanUps.push(() => server.close())
    const accepted = new Promise<Socket>(resolve => server.once('connection', resolve))
    const ours = await tcp().dial(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const theirs = await accepted
    ours.abort()
    const error = new Promise(resolve => theirs.once('error', resolve))
    theirs.resume()
    expect(await error).toHaveProperty('code', 'ECONNRESET')
  })
})
