import { describe, expect, it } from 'vitest'
import { toEndpoint } from '../src/index.ts'
import { detectNat, systemSockets, type TcpSocket, type UdpSocket } from '../src/nat.ts'
import { type Exchange, punch, type PunchOffer } from '../src/punch.ts'
import { stunServer } from './simulator/stun-server.ts'

const loopback = toEndpoint('127.0.0.1', 0)

const text = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes)
const bytes = (words: string) => new TextEncoder().encode(words)

const nextMessage = (socket: UdpSocket) =>
  new Promise<readonly [string | undefined, number]>(resolve => {
    socket.onMessage((data, from) => resolve([text(data), from.port]))
  })

describe('the sockets of this machine', () => {
  it('send and receive datagrams, and say where they are bound and how', async () => {
    await using one = await systemSockets.udp(loopback)
    await using two = await systemSockets.udp(loopback)
    expect(one).toMatchObject({ pinned: 'address', local: { address: '127.0.0.1', family: 4 } })
    const heard = nextMessage(two)
    await one.send(bytes('hello'), two.local)
    expect(await heard).toEqual(['hello', one.local.port])
    await using any = await systemSockets.udp(toEndpoint('0.0.0.0', 0))
    expect(any.pinned).toBe('none')
  })

  it('refuse with codes', async () => {
    await using one = await systemSockets.udp(loopback)
    await expect(systemSockets.udp(one.local)).rejects.toMatchObject({ code: 'P2P_ADDRESS_IN_USE' })
    const foreign = toEndpoint('203.0.113.9', 0)
    await expect(systemSockets.udp(foreign)).rejects.toMatchObject({ code: 'P2P_ADDRESS_NOT_AVAILABLE' })
    const nobody = await systemSockets.udp(loopback)
    await nobody.close()
    await nobody.close()
    await expect(nobody.send(bytes('x'), one.local)).rejects.toMatchObject({ code: 'P2P_SOCKET_CLOSED' })
    const refused = systemSockets.connect(loopback, { ...loopback, port: nobody.local.port })
    await expect(refused).rejects.toMatchObject({ code: 'P2P_CONNECTION_REFUSED' })
  })

  it('know the address from which they would send', async () => {
    expect(await systemSockets.source(toEndpoint('127.0.0.9', 9))).toMatch(/^127\./)
  })

  it('connect over TCP, hand on where reading stopped, and put back what was read too far', async () => {
    const accepted: TcpSocket[] = []
    let isHere: (socket: TcpSocket) => void = () => undefined
    const arrival = new Promise<TcpSocket>(resolve => {
      isHere = resolve
    })
    await using server = await systemSockets.listen(loopback, socket => {
      accepted.push(socket)
      isHere(socket)
    })
    await using client = await systemSockets.connect(loopback, server.local)
    const other = await arrival
    expect(other.remote).toEqual(client.local)
    client.write(bytes('abc'))
    const first = await new Promise<string | undefined>(resolve => {
      other.onData(data => resolve(text(data)))
    })
    other.onData(undefined)
    other.unread(bytes(first?.slice(1) ?? ''))
    client.write(bytes('def'))
    let read = ''
    await new Promise<void>(done => {
      other.onData(data => {
        read += text(data) ?? ''
        if (read === 'bcdef') done()
      })
    })
    const ended = new Promise<unknown>(resolve => {
      other.onData(resolve)
    })
    await client.close()
    expect(await ended).toBeUndefined()
    for (const socket of accepted) await socket.close()
  })
})

/** Two offers, handed over as they are made. */
const handOver = (): [Exchange, Exchange] => {
  const ready: ((offer: PunchOffer) => void)[] = []
  const made = [0, 1].map(index => new Promise<PunchOffer>(resolve => (ready[index] = resolve)))
  const one =
    (mine: number): Exchange =>
    offer => {
      ready[mine]?.(offer)
      return made[1 - mine] as Promise<PunchOffer>
    }
  return [one(0), one(1)]
}

describe.runIf(process.platform === 'linux')('on the loopback of Linux, which has many addresses', () => {
  it('this machine is open, as it is from itself', async () => {
    const own = await Promise.all(
      ['127.0.0.31', '127.0.0.32'].map(each => systemSockets.udp(toEndpoint(each, 0))),
    )
    // Two ports that are free on one of the addresses are taken for free on both
    const ports = own.map(({ local }) => local.port) as [number, number]
    await Promise.all(own.map(socket => socket.close()))
    const server = await stunServer(
      { addresses: ['127.0.0.31', '127.0.0.32'], sockets: systemSockets },
      { ports },
    )
    const report = await detectNat({ servers: [server] })
    expect(report).toMatchObject({ status: 'measured', classic: 'open', portAllocation: { kind: 'equal' } })
  })

  it.each(['udp', 'tcp'] as const)('two nodes find a path over %s', async transport => {
    const exchange = handOver()
    const route = (address: string) => ({
      endpoint: () => toEndpoint(address, 0),
      family: 4,
      interface: 'lo',
    })
    const both = ['127.0.0.41', '127.0.0.42'].map((address, index) =>
      punch({ transports: [transport], exchange: exchange[index] as Exchange, via: route(address) as never }),
    )
    const paths = await Promise.all(both)
    for (const path of paths) await path.socket.close()
    expect(paths.map(path => path.transport)).toEqual([transport, transport])
  })
})
