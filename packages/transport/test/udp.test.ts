import { createSocket } from 'node:dgram'
import type { Address } from '@p2p/interfaces'
import { afterEach, describe, expect, it } from 'vitest'
import { type DatagramSocket, formatUdpAddress, parseUdpAddress, udp, type UdpOptions } from '../src/udp.ts'

const coded = (code: string) => expect.objectContaining({ code }) as unknown
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (data: Uint8Array) => new TextDecoder().decode(data)

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const socket of open.splice(0)) await socket[Symbol.asyncDispose]()
})

const bound = async (
  address: Address = 'udp://127.0.0.1:0',
  options: UdpOptions = {},
): Promise<DatagramSocket> => {
  const socket = await udp(options).bind(address)
  open.push(socket)
  return socket
}

const connected = async (address: Address): Promise<DatagramSocket> => {
  const socket = await udp().connect(address)
  open.push(socket)
  return socket
}

const next = (socket: DatagramSocket) =>
  new Promise<{ readonly data: Uint8Array; readonly from: Address }>(resolve =>
    socket.onDatagram((data, from) => resolve({ data, from })),
  )

const nextError = (socket: DatagramSocket) => new Promise<Error>(resolve => socket.onError(resolve))

/** A port at which nobody listens. */
const nobody = async (): Promise<Address> => {
  const socket = await udp().bind('udp://127.0.0.1:0')
  await socket.close()
  return socket.local
}

describe('addresses of UDP', () => {
  it.each([
    ['udp://127.0.0.1:53', { host: '127.0.0.1', port: 53 }],
    ['udp://[::1]:9', { host: '::1', port: 9 }],
    ['udp://example.org:65535', { host: 'example.org', port: 65_535 }],
  ] as const)('%s', (address, endpoint) => {
    expect(parseUdpAddress(address)).toEqual(endpoint)
    expect(formatUdpAddress(endpoint)).toBe(address)
  })

  it.each([
    'udp://',
    'udp://127.0.0.1',
    'udp://127.0.0.1:65536',
    'udp://::1:80',
    'tcp://127.0.0.1:80',
  ] as const)('%s is refused', address => {
    expect(() => parseUdpAddress(address)).toThrow(coded('P2P_BAD_ADDRESS'))
  })
})

describe.each(['udp://127.0.0.1:0', 'udp://[::1]:0'] as const)('sockets at %s', anywhere => {
  it('exchange datagrams and say from where they came', async () => {
    const [one, other] = [await bound(anywhere), await bound(anywhere)]
    const request = next(other)
    expect(one.send(bytes('hello'), other.local)).toBe(true)
    expect(text((await request).data)).toBe('hello')
    expect((await request).from).toBe(one.local)
    const reply = next(one)
    other.send(bytes('you too'), (await request).from)
    expect(text((await reply).data)).toBe('you too')
  })

  it('carry an empty datagram', async () => {
    const [one, other] = [await bound(anywhere), await bound(anywhere)]
    const arrival = next(other)
    one.send(new Uint8Array(0), other.local)
    expect((await arrival).data).toEqual(new Uint8Array(0))
  })

  it('that are connected hear only whom they are connected with', async () => {
    const [server, stranger] = [await bound(anywhere), await bound(anywhere)]
    const client = await connected(server.local)
    expect(client.remote).toBe(server.local)
    const arrival = next(client)
    stranger.send(bytes('not for you'), client.local)
    const request = next(server)
    client.send(bytes('?'))
    await request
    server.send(bytes('for you'), client.local)
    expect(text((await arrival).data)).toBe('for you')
  })

  it('refuse what is longer than a datagram can be, and live on', async () => {
    const [one, other] = [await bound(anywhere), await bound(anywhere)]
    const arrival = next(other)
    expect(one.limit).toBe(anywhere.includes('[') ? 65_527 : 65_507)
    expect(() => one.send(new Uint8Array(one.limit + 1), other.local)).toThrow(coded('P2P_DATAGRAM_TOO_LONG'))
    one.send(new Uint8Array(65_507), other.local)
    expect((await arrival).data.length).toBe(65_507)
  })

  it('are bound once: the second one gets an error', async () => {
    const one = await bound(anywhere)
    await expect(udp().bind(one.local)).rejects.toThrow(coded('P2P_ADDRESS_IN_USE'))
  })
})

describe('a socket of UDP', () => {
  it('at a wildcard of IPv6 takes IPv4 too, and gives it IPv4 addresses', async () => {
    const both = await bound('udp://[::]:0')
    const { port } = parseUdpAddress(both.local)
    const client = await bound('udp://127.0.0.1:0')
    const arrival = next(both)
    client.send(bytes('4'), `udp://127.0.0.1:${port}`)
    expect((await arrival).from).toBe(client.local)
    const reply = next(client)
    both.send(bytes('back'), client.local)
    expect(text((await reply).data)).toBe('back')
  })

  it('that leaves IPv4 alone shares the port with one of IPv4', async () => {
    const six = await bound('udp://[::]:0', { ipv6Only: true })
    const { port } = parseUdpAddress(six.local)
    const four = await bound(`udp://0.0.0.0:${port}`)
    expect(parseUdpAddress(four.local).port).toBe(port)
  })

  it('hears that nobody is there (ICMP), says so, and lives on', async () => {
    const there = await nobody()
    const socket = await connected(there)
    const error = nextError(socket)
    socket.send(bytes('anybody?'))
    expect(await error).toEqual(coded('P2P_CONNECTION_REFUSED'))
    const late = await bound(there)
    const arrival = next(late)
    socket.send(bytes('and now?'))
    expect(text((await arrival).data)).toBe('and now?')
  })

  it('that is bound is not told that nobody is there, and lives on', async () => {
    const socket = await bound()
    socket.onError(error => expect.unreachable(error.message))
    socket.send(bytes('anybody?'), await nobody())
    const arrival = next(socket)
    socket.send(bytes('me'), socket.local)
    expect(text((await arrival).data)).toBe('me')
  })

  it('tells what the system says of a datagram that it does not send', async () => {
    const socket = await bound()
    const error = nextError(socket)
    // Without the option, broadcasting is not permitted.
    socket.send(bytes('all'), 'udp://255.255.255.255:9')
    expect(await error).toEqual(coded('P2P_NOT_PERMITTED'))
  })

  it('says that it needs a destination, and refuses those that it cannot have', async () => {
    const socket = await bound()
    expect(() => socket.send(bytes('x'))).toThrow(coded('P2P_NO_DESTINATION'))
    for (const to of [
      'udp://example.org:53',
      'udp://127.0.0.1:0',
      'udp://[::1]:9',
      'tcp://127.0.0.1:9',
    ] as const) {
      expect(() => socket.send(bytes('x'), to)).toThrow(coded('P2P_BAD_ADDRESS'))
    }
    const client = await connected(socket.local)
    expect(() => client.send(bytes('x'), 'udp://127.0.0.1:9')).toThrow(coded('P2P_BAD_ADDRESS'))
    expect(() => socket.send('x' as unknown as Uint8Array, socket.local)).toThrow(TypeError)
  })

  it('drops what is sent after it has closed, and says so', async () => {
    const socket = await bound()
    await socket.close()
    await socket.close()
    expect(socket.send(bytes('x'), 'udp://127.0.0.1:9')).toBe(false)
    await expect(socket.drained()).rejects.toThrow(coded('P2P_CONNECTION_CLOSED'))
    expect(await socket.closed).toEqual({})
    expect(socket.queued).toBe(0)
  })

  it('frees its address when it closes', async () => {
    const one = await bound()
    await one.close()
    expect((await bound(one.local)).local).toBe(one.local)
  })

  it('resolves a name once, when it connects', async () => {
    const server = await bound('udp://127.0.0.1:0')
    const client = await connected(`udp://localhost:${parseUdpAddress(server.local).port}`)
    expect(client.remote).toMatch(/^udp:\/\/(127\.0\.0\.1|\[::1\]):/)
  })

  it('is not made for who has aborted, nor for a name that nobody has', async () => {
    await expect(udp().bind('udp://127.0.0.1:0', { signal: AbortSignal.abort() })).rejects.toThrow(
      coded('P2P_ABORTED'),
    )
    await expect(udp().connect('udp://127.0.0.1:0')).rejects.toThrow(coded('P2P_BAD_ADDRESS'))
    await expect(udp().bind('udp://192.0.2.1:0')).rejects.toThrow(coded('P2P_ADDRESS_NOT_AVAILABLE'))
    expect(() => udp({ queueLimit: 0 })).toThrow(RangeError)
  })

  it('hears senders that are no program of ours', async () => {
    const socket = await bound()
    const foreign = createSocket('udp4')
    const arrival = next(socket)
    foreign.send('plain', parseUdpAddress(socket.local).port, '127.0.0.1')
    expect(text((await arrival).data)).toBe('plain')
    foreign.close()
  })
})
