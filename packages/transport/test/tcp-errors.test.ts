import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket, connect } from 'node:net'
import type { Address, Connection } from '@p2p/interfaces'
import { P2PError } from '@p2p/interfaces'
import { afterEach, describe, expect, it } from 'vitest'
import { TransportError } from '../src/index.ts'
import { tcp } from '../src/tcp.ts'
import { blockedListener, run } from './programs/run.ts'
import { VirtualClock } from './virtual-clock.ts'

// The resolver of a machine without a network must not take longer than this test may.
process.env['RES_OPTIONS'] = 'timeout:1 attempts:1'

const coded = (code: string) => expect.objectContaining({ code }) as unknown

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Both ends of a connection: one of ours, and a bare socket that does as it is told. */
const withBareSocket = async (
  options?: Parameters<typeof tcp>[0],
): Promise<{ ours: Connection; theirs: Socket }> => {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  cleanUps.push(() => server.close())
  const accepted = new Promise<Socket>(resolve => server.once('connection', resolve))
  const ours = await tcp(options).dial(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const theirs = await accepted
  theirs.on('error', () => undefined)
  cleanUps.push(() => theirs.destroy())
  cleanUps.push(() => ours.abort())
  return { ours, theirs }
}

/** Writes until the socket's buffers and the queue are full. */
const stuff = (connection: Connection): void => {
  for (let count = 0; count < 256; count++) connection.write(new Uint8Array(65_536))
}

describe('what goes wrong while dialling', () => {
  it.each([
    ['nobody has port 0', 'tcp://127.0.0.1:0', 'P2P_BAD_ADDRESS'],
    ['a link-local address without its scope', 'tcp://[fe80::1]:9', 'P2P_BAD_ADDRESS'],
    ['a scope without a route', 'tcp://[fe80::1%lo]:9', 'P2P_HOST_UNREACHABLE'],
    ['nobody listens there', 'tcp://127.0.0.1:1', 'P2P_CONNECTION_REFUSED'],
    ['nobody listens there, over IPv6', 'tcp://[::1]:1', 'P2P_CONNECTION_REFUSED'],
    ['nobody listens at either address of a name', 'tcp://localhost:1', 'P2P_CONNECTION_REFUSED'],
    ['no host has that name', 'tcp://no-such-host.invalid:80', 'P2P_HOST_UNKNOWN'],
    ['a broadcast address has no route for TCP', 'tcp://127.255.255.255:9', 'P2P_HOST_UNREACHABLE'],
  ] as const)('%s: %s gives %s', async (_name, address, code) => {
    const error: unknown = await tcp()
      .dial(address)
      .catch((error: unknown) => error)
    expect(error).toEqual(coded(code))
    expect(error).toBeInstanceOf(TransportError)
    expect((error as Error).message).toContain(address)
  })

  it('keeps the error of the system as the cause', async () => {
    const error: unknown = await tcp()
      .dial('tcp://127.0.0.1:1')
      .catch((error: unknown) => error)
    expect((error as Error).cause).toEqual(coded('ECONNREFUSED'))
  })

  it('a host that does not answer is given up after 10 s, or the time that was asked for, and no socket stays behind', async () => {
    const { port, child } = await blockedListener()
    cleanUps.push(() => child.kill('SIGKILL'))
    const address: Address = `tcp://127.0.0.1:${port}`
    const filling: Socket[] = []
    cleanUps.push(() => filling.forEach(socket => socket.destroy()))
    // Linux completes as many dials as the backlog says, and one more.
    for (let count = 0; count < 2; count++) {
      const socket = connect(port, '127.0.0.1')
      filling.push(socket)
      await new Promise(resolve => socket.once('connect', resolve))
    }

    const sockets = () => process.getActiveResourcesInfo().filter(name => name.startsWith('TCP')).length
    const before = sockets()
    const clock = new VirtualClock()
    const transport = tcp({ clock })
    const patient = transport.dial(address).catch((error: unknown) => error)
    const hasty = transport.dial(address, { timeout: 50 }).catch((error: unknown) => error)
    const controller = new AbortController()
    const aborted = transport.dial(address, { signal: controller.signal }).catch((error: unknown) => error)
    controller.abort('changed my mind')
    expect(await aborted).toEqual(coded('P2P_ABORTED'))
    expect(await aborted).toHaveProperty('cause', 'changed my mind')

    await clock.advance(50)
    expect(await hasty).toEqual(coded('P2P_TIMEOUT'))
    const settled = { patient: false }
    void patient.then(() => (settled.patient = true))
    await clock.advance(9_949)
    expect(settled.patient).toBe(false)
    await clock.advance(1)
    expect(await patient).toEqual(coded('P2P_TIMEOUT'))
    // Files share a process: sockets of others may have gone meanwhile, and none comes
    expect(sockets()).toBeLessThanOrEqual(before)
    expect(clock.pending).toBe(0)
  })
})

describe('what goes wrong while listening', () => {
  it('an address in use', async () => {
    const listener = await tcp().listen('tcp://127.0.0.1:0', () => undefined)
    cleanUps.push(() => listener.close())
    const second = tcp().listen(listener.address, () => undefined)
    await expect(second).rejects.toEqual(coded('P2P_ADDRESS_IN_USE'))
  })

  it.each([
    ['an address of another machine', 'tcp://203.0.113.1:0', 'P2P_ADDRESS_NOT_AVAILABLE'],
    ['a link-local address without its scope', 'tcp://[fe80::1]:0', 'P2P_BAD_ADDRESS'],
    ['a name that no host has', 'tcp://no-such-host.invalid:0', 'P2P_HOST_UNKNOWN'],
  ] as const)('%s', async (_name, address, code) => {
    await expect(tcp().listen(address, () => undefined)).rejects.toEqual(coded(code))
  })

  it('a port that only the system may have', async () => {
    const firstFree = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
    const { output } = await run('not-permitted.ts')
    // Some containers let everybody have every port.
    expect(output.trim()).toBe(firstFree > 1 ? 'P2P_NOT_PERMITTED' : 'listening at tcp://127.0.0.1:1')
  })

  it.each([
    ['maxConnections'],
    ['backlog'],
    ['highWaterMark'],
    ['queueLimit'],
    ['connectTimeout'],
    ['closeTimeout'],
  ])('a %s that is not above 0', name => {
    for (const value of [0, -1, NaN]) expect(() => tcp({ [name]: value })).toThrow(RangeError)
  })
})

it('without a file descriptor left a dial and a listen fail with P2P_TOO_MANY_FILES, and work again later', async () => {
  const { output, code } = await run('out-of-files.ts', 'ulimit -n 256; exec "$@"')
  expect(output.trim()).toBe('dial P2P_TOO_MANY_FILES, listen P2P_TOO_MANY_FILES, and then connected to true')
  expect(code).toBe(0)
})

describe('what goes wrong on a connection', () => {
  it('a reset in the middle: what came before is delivered, then closed tells P2P_CONNECTION_RESET', async () => {
    const { ours, theirs } = await withBareSocket()
    let length = 0
    const come = new Promise<void>(resolve =>
      ours.onData(chunk => {
        length += chunk.length
        if (length === 1_000) resolve()
      }),
    )
    theirs.write(new Uint8Array(1_000))
    await come
    theirs.resetAndDestroy()
    const { by, error } = await ours.closed
    expect(by).toBe('remote')
    expect(error).toEqual(coded('P2P_CONNECTION_RESET'))
    expect(error?.cause).toEqual(coded('ECONNRESET'))
  })

  it('a reset before anything was read is no orderly end either', async () => {
    const { ours, theirs } = await withBareSocket()
    const sent = new Promise(resolve => theirs.write(new Uint8Array(100_000), resolve))
    await sent
    theirs.resetAndDestroy()
    await new Promise(resolve => theirs.once('close', resolve))
    ours.onData(() => undefined)
    expect((await ours.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
  })

  it('writing to an end that was closed without reading', async () => {
    const { ours, theirs } = await withBareSocket()
    theirs.destroy()
    await new Promise(resolve => theirs.once('close', resolve))
    stuff(ours)
    expect((await ours.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
  })

  it('a peer that ends and then takes nothing is given up after 5 s', async () => {
    const clock = new VirtualClock()
    const { ours, theirs } = await withBareSocket({ clock })
    let ended = false
    void ours.closed.then(() => (ended = true))
    ours.onData(() => undefined)
    stuff(ours)
    const waiting = ours.drained().catch((error: unknown) => error)
    theirs.end()
    expect(await waiting).toEqual(coded('P2P_CONNECTION_CLOSED'))
    await clock.advance(4_999)
    expect(ended).toBe(false)
    await clock.advance(1)
    expect((await ours.closed).error).toEqual(coded('P2P_TIMEOUT'))
    expect(clock.pending).toBe(0)
  })

  it('a peer that never answers our end does not hold up close for more than 5 s, and that is no error', async () => {
    const clock = new VirtualClock()
    const { ours, theirs } = await withBareSocket({ clock })
    const ends = new Promise(resolve => theirs.once('end', resolve))
    theirs.resume()
    ours.write(new Uint8Array(10))
    const closed = ours.close()
    await ends
    await clock.advance(5_000)
    await closed
    expect(await ours.closed).toEqual({ by: 'local' })
    expect(clock.pending).toBe(0)
  })

  it('a writer that ignores back-pressure is aborted at the limit of the queue', async () => {
    const { ours } = await withBareSocket({ highWaterMark: 1_000, queueLimit: 8_000_000 })
    let released = 0
    for (let count = 0; count < 1_000; count++) ours.write(new Uint8Array(100_000), () => released++)
    const { by, error } = await ours.closed
    expect(by).toBe('local')
    expect(error).toEqual(coded('P2P_QUEUE_LIMIT'))
    expect(released).toBe(1_000)
  })

  it('a chunk that is no Uint8Array is refused at once, and does no harm', async () => {
    const { ours, theirs } = await withBareSocket()
    for (const chunk of ['text', new ArrayBuffer(1), [1, 2, 3], undefined]) {
      expect(() => ours.write(chunk as unknown as Uint8Array)).toThrow(TypeError)
    }
    expect(ours.queued).toBe(0)
    const come = new Promise(resolve => theirs.once('data', resolve))
    theirs.resume()
    ours.write(Uint8Array.of(7))
    expect(await come).toEqual(Buffer.of(7))
  })

  it('a release that throws aborts the connection with what it threw', async () => {
    const { ours, theirs } = await withBareSocket()
    theirs.resume()
    const thrown = new Error('slab lost')
    ours.write(new Uint8Array(10), () => {
      throw thrown
    })
    expect((await ours.closed).error).toBe(thrown)
  })

  it('a consumer that throws something else than an error', async () => {
    const { ours, theirs } = await withBareSocket()
    ours.onData(() => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- that is what is tested
      throw 'cheese'
    })
    theirs.write('x')
    const { error } = await ours.closed
    expect(P2PError.is(error, 'P2P_CONNECTION_FAILED')).toBe(true)
    expect(error?.cause).toBe('cheese')
  })
})

it('one connection too many is turned away, and the listener is told', async () => {
  const refusals: P2PError[] = []
  const transport = tcp({ maxConnections: 2, onRefused: error => refusals.push(error) })
  const accepted: Connection[] = []
  const listener = await transport.listen('tcp://127.0.0.1:0', connection => {
    accepted.push(connection)
    connection.onData(() => undefined)
  })
  cleanUps.push(() => listener.close())
  const [first, second, third] = [
    await transport.dial(listener.address),
    await transport.dial(listener.address),
    await transport.dial(listener.address),
  ]
  third.onData(() => undefined)
  await third.closed
  expect(accepted).toHaveLength(2)
  expect(refusals).toEqual([coded('P2P_CONNECTION_LIMIT')])
  expect(refusals[0]?.message).toContain(third.local)

  await first.close()
  await accepted[0]?.closed
  const fourth = await transport.dial(listener.address)
  const sent = new Promise(resolve => fourth.write(new Uint8Array(1), () => resolve(undefined)))
  await sent
  await fourth.close()
  await second.close()
  expect(accepted).toHaveLength(3)
})
