import dns from 'node:dns'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Address, Connection, Transport } from '@p2p/interfaces'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tls } from '../src/tls.ts'
import { certificate, credentials } from './certificates/credentials.ts'
import { hideReset, tlsUponSockets } from './hidden-reset.ts'
import { run } from './programs/run.ts'
import { turn } from './virtual-clock.ts'

// The resolver of a machine without a network must not take longer than this test may.
process.env['RES_OPTIONS'] = 'timeout:1 attempts:1'

const coded = (code: string) => expect.objectContaining({ code }) as unknown
const secured = { ...credentials('server'), ca: certificate('authority') }

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** Where somebody listens who does this with each socket of TCP. */
const stranger = async (meet: (socket: Socket) => void): Promise<Address> => {
  const server = createServer(socket => meet(socket.on('error', () => undefined)))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => server.close())
  return `tls://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const failure = (dialling: Promise<Connection>): Promise<unknown> =>
  dialling.then(
    () => 'connected',
    (error: unknown) => error,
  )

const pattern = (length: number) => Uint8Array.from({ length }, (_, index) => index % 251)

describe.each([
  ['that TLS makes itself', tls, true],
  ['that was dialled before', tlsUponSockets, false],
] as const)('over a socket of TCP %s', (_way, create, hasBuffer) => {
  const transport: Transport = create(secured)

  /** Both ends of a connection. */
  const pair = async (
    host = '127.0.0.1',
  ): Promise<{ readonly outbound: Connection; readonly inbound: Connection }> => {
    const accepted: ((connection: Connection) => void)[] = []
    const next = new Promise<Connection>(resolve => accepted.push(resolve))
    const listener = await transport.listen('tls://127.0.0.1:0', connection => accepted[0]?.(connection))
    const outbound = await transport.dial(listener.address.replace('127.0.0.1', host) as Address)
    const inbound = await next
    cleanUps.push(
      () => listener.close(),
      () => outbound.abort(),
      () => inbound.abort(),
    )
    return { outbound, inbound }
  }

  it.each([
    ['nobody listens there', 'tls://127.0.0.1:1', 'P2P_CONNECTION_REFUSED'],
    ['nobody listens at either address of a name', 'tls://localhost:1', 'P2P_CONNECTION_REFUSED'],
    ['no host has that name', 'tls://no-such-host.invalid:80', 'P2P_HOST_UNKNOWN'],
    ['a broadcast address has no route for TCP', 'tls://127.255.255.255:9', 'P2P_HOST_UNREACHABLE'],
  ] as const)('%s: %s gives %s', async (_name, address, code) => {
    const error = await failure(transport.dial(address))
    expect(error).toEqual(coded(code))
    expect((error as Error).message).toContain(address)
  })

  it.each([
    ['ends', (socket: Socket) => void socket.end()],
    ['resets', (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy())],
  ])('who %s within the handshake has reset the connection', async (_what, meet) => {
    expect(await failure(transport.dial(await stranger(meet)))).toEqual(coded('P2P_CONNECTION_RESET'))
  })

  it('a dial that is given up or takes too long leaves no connection', async () => {
    const accepted: Socket[] = []
    const address = await stranger(socket => accepted.push(socket))
    expect(await failure(transport.dial(address, { timeout: 20 }))).toEqual(coded('P2P_TIMEOUT'))
    const controller = new AbortController()
    const dialling = failure(transport.dial(address, { signal: controller.signal }))
    while (accepted.length < 2) await turn()
    controller.abort()
    expect(await dialling).toEqual(coded('P2P_ABORTED'))
    for (const socket of accepted) {
      await new Promise(resolve => socket.resume().once('close', resolve))
    }
  })

  it('who cannot prove to be the one that was dialled is refused', async () => {
    const foreign = await tls(credentials('foreign')).listen('tls://127.0.0.1:0', () => undefined)
    cleanUps.push(() => foreign.close())
    expect(await failure(transport.dial(foreign.address))).toEqual(coded('P2P_CERTIFICATE_REFUSED'))
  })

  it('a name leads to the address at which somebody listens, and the connection can be reset', async () => {
    const both = [
      { address: '::1', family: 6 },
      { address: '127.0.0.1', family: 4 },
    ]
    const { lookup } = dns
    vi.spyOn(dns, 'lookup').mockImplementation((host: string, ...rest: unknown[]) => {
      if (host === 'localhost') (rest.at(-1) as (error: null, addresses: unknown) => void)(null, both)
      else (lookup as (...args: unknown[]) => void)(host, ...rest)
    })
    const { outbound, inbound } = await pair('localhost')
    const come = new Promise<Uint8Array>(resolve => outbound.onData(chunk => resolve(chunk.slice())))
    inbound.onData(() => undefined)
    inbound.write(pattern(100))
    expect(await come).toEqual(pattern(100))
    outbound.abort()
    expect((await inbound.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
    expect((await outbound.closed).error).toEqual(coded('P2P_CONNECTION_ABORTED'))
  })

  it(`reads ${hasBuffer ? 'into one buffer' : 'into fresh memory'}`, async () => {
    const { outbound, inbound } = await pair()
    const memory = new Set<ArrayBufferLike>()
    let length = 0
    const come = new Promise<void>(resolve =>
      outbound.onData(chunk => {
        memory.add(chunk.buffer)
        length += chunk.length
        if (length === 200_000) resolve()
      }),
    )
    inbound.write(pattern(200_000))
    await come
    if (hasBuffer) expect(memory.size).toBe(1)
    else expect(memory.size).toBeGreaterThan(1)
  })

  it('who pauses at each chunk gets none before it goes on, and all of them before the end', async () => {
    const { outbound, inbound } = await pair()
    const come: Uint8Array[] = []
    let paused = false
    let meanwhile = 0
    outbound.onData(chunk => {
      if (paused) meanwhile++
      come.push(chunk.slice())
      paused = true
      outbound.pause()
      void turn().then(() => {
        paused = false
        outbound.resume()
      })
    })
    inbound.onData(() => undefined)
    inbound.write(pattern(60_000))
    inbound.write(pattern(3))
    await inbound.close()
    expect(await outbound.closed).toEqual({ by: 'remote' })
    expect(meanwhile).toBe(0)
    expect(come.length).toBeGreaterThan(3)
    expect(Buffer.compare(Buffer.concat(come), Buffer.concat([pattern(60_000), pattern(3)]))).toBe(0)
  })

  it('who aborts at a chunk gets no other, and the other end sees a reset', async () => {
    const { outbound, inbound } = await pair()
    let chunks = 0
    outbound.onData(() => {
      chunks++
      outbound.abort()
    })
    inbound.onData(() => undefined)
    inbound.write(pattern(60_000))
    expect((await outbound.closed).error).toEqual(coded('P2P_CONNECTION_ABORTED'))
    expect((await inbound.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
    expect(chunks).toBe(1)
  })

  it('a reset by the other end is no orderly end, read or unread', async () => {
    for (const reads of [true, false]) {
      const { outbound, inbound } = await pair()
      inbound.onData(() => undefined)
      const come = new Promise<void>(resolve => outbound.onData(() => resolve()))
      inbound.write(pattern(60_000))
      await come
      if (!reads) outbound.pause()
      inbound.write(pattern(60_000))
      inbound.abort()
      await inbound.closed
      outbound.resume()
      const { by, error } = await outbound.closed
      expect(by).toBe('remote')
      expect(error).toEqual(coded('P2P_CONNECTION_RESET'))
    }
  })
})

describe('where Node.js keeps other things behind a socket of TLS than it did', () => {
  const denied = () => {
    throw new Error('another thing')
  }

  it('a transport is made though to look there throws, and dials', async () => {
    const transport = (() => {
      using _ = hideReset({ get: denied })
      return tls(secured)
    })()
    const listener = await transport.listen('tls://127.0.0.1:0', connection => connection.abort())
    cleanUps.push(() => listener.close())
    const outbound = await transport.dial(listener.address)
    expect((await outbound.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
  })

  it.each([
    ['is nothing', { value: undefined }],
    ['throws', { get: denied }],
  ])('a dial fails, and leaves no connection, where what was there before %s', async (_what, instead) => {
    const transport = tls(secured)
    const accepted: Connection[] = []
    const listener = await transport.listen('tls://127.0.0.1:0', connection => accepted.push(connection))
    cleanUps.push(() => listener.close())
    const hidden = hideReset(instead)
    const error = await failure(transport.dial(listener.address))
    hidden[Symbol.dispose]()
    expect(error).toEqual(coded('P2P_CONNECTION_FAILED'))
    for (const connection of accepted) {
      connection.onData(() => undefined)
      await connection.closed
    }
  })
})

it('without a file descriptor left a dial fails with P2P_TOO_MANY_FILES, and works again later', async () => {
  const { output, code } = await run('out-of-files.ts', 'ulimit -n 256; exec "$@" tls')
  expect(output.trim()).toBe('dial P2P_TOO_MANY_FILES, listen P2P_TOO_MANY_FILES, and then connected to true')
  expect(code).toBe(0)
})

it('after 200 connections, closed and aborted by either end, no handle is left', async () => {
  expect(await run('leaves-no-handles.ts', 'exec "$@" tls')).toEqual({ code: 0, output: '[0,1,0]\n' })
})
