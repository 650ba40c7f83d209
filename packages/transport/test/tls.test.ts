import { type AddressInfo, connect, createServer, Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import type { Address, Connection } from '@p2p/interfaces'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tls, type TlsOptions } from '../src/tls.ts'
import { certificate, credentials } from './certificates/credentials.ts'
import { turn, VirtualClock } from './virtual-clock.ts'

const coded = (code: string) => expect.objectContaining({ code }) as unknown
const ignore = () => undefined
const ca = certificate('authority')

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A listener, what it accepts, and what it refuses. */
const open = async (options: TlsOptions = credentials('server')) => {
  const accepted: Connection[] = []
  const refusals: Error[] = []
  let wake: (() => void) | undefined
  const transport = tls({ onRefused: error => (refusals.push(error), wake?.()), ...options })
  const listener = await transport.listen('tls://127.0.0.1:0', connection => {
    accepted.push(connection)
    connection.onData(chunk => connection.write(chunk.slice()))
    wake?.()
  })
  cleanUps.push(
    () => listener.close(),
    () => accepted.forEach(connection => connection.abort()),
  )
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise<void>(resolve => (wake = resolve))
  }
  const port = Number(/\d+$/.exec(listener.address)?.[0])
  return { listener, accepted, refusals, until, port }
}

const echo = async (connection: Connection): Promise<number> => {
  const come = new Promise<number>(resolve => connection.onData(([byte = -1]) => resolve(byte)))
  connection.write(Uint8Array.of(77))
  return come
}

const dialled = async (address: Address, options: TlsOptions): Promise<Connection> => {
  const connection = await tls(options).dial(address)
  cleanUps.push(() => connection.abort())
  return connection
}

describe('the certificate of who listens', () => {
  it('of a trusted authority and for the host that was dialled is accepted', async () => {
    const { listener, port } = await open()
    for (const address of [listener.address, `tls://localhost:${port}`] as Address[])
      expect(await echo(await dialled(address, { ca }))).toBe(77)
  })

  it.each([
    ['of an authority that nobody trusts', 'foreign', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['for another name', 'elsewhere', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that has expired', 'expired', 'CERT_HAS_EXPIRED'],
  ])('%s is refused', async (_what, name, cause) => {
    const { listener, accepted } = await open(credentials(name))
    const error: unknown = await tls({ ca })
      .dial(listener.address)
      .catch((error: unknown) => error)
    expect(error).toEqual(coded('P2P_CERTIFICATE_REFUSED'))
    expect((error as Error).cause).toEqual(coded(cause))
    expect((error as Error).message).toContain(listener.address)
    for (const connection of accepted) expect(connection.queued).toBe(0)
  })

  it('of an authority of our own is refused by who trusts only the public ones', async () => {
    const { listener } = await open()
    await expect(tls().dial(listener.address)).rejects.toEqual(coded('P2P_CERTIFICATE_REFUSED'))
  })

  it('may be for another name than the host, if that name is asked for', async () => {
    const { listener } = await open(credentials('elsewhere'))
    const connection = await dialled(listener.address, { ca, serverName: 'elsewhere.example' })
    expect(await echo(connection)).toBe(77)
  })
})

describe('the certificate of who dials', () => {
  const asking = { ...credentials('server'), ca, requireClientCertificate: true }

  it('is accepted if the authority is trusted', async () => {
    const { listener } = await open(asking)
    expect(await echo(await dialled(listener.address, { ...credentials('client'), ca }))).toBe(77)
  })

  it.each([
    ['is of an authority that nobody trusts', credentials('foreign'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['has expired', credentials('expired'), 'CERT_HAS_EXPIRED'],
    ['is missing', {}, 'UNABLE_TO_GET_ISSUER_CERT'],
  ])(
    'is refused if it %s: the listener is told why, who dialled sees no orderly end',
    async (_what, own, cause) => {
      const { listener, refusals, accepted, until } = await open(asking)
      // TLS 1.3 lets who dials begin before its certificate was looked at.
      const failure: unknown = await tls({ ...own, ca })
        .dial(listener.address)
        .then(
          async connection => {
            connection.onData(ignore)
            return (await connection.closed).error
          },
          (error: unknown) => error,
        )
      expect(failure).toEqual(coded('P2P_CONNECTION_RESET'))
      await until(() => refusals.length > 0)
      expect(refusals).toEqual([coded('P2P_CERTIFICATE_REFUSED')])
      expect(String(refusals[0]?.cause)).toContain(cause)
      expect(accepted).toEqual([])
    },
  )

  it('is asked for again when a session is taken up that had none', async () => {
    const { refusals, accepted, until, port } = await open(asking)
    const sessions: Buffer[] = []
    const attempt = (session: Buffer | undefined) =>
      new Promise<void>(resolve => {
        const socket = connectTls({
          port,
          host: '127.0.0.1',
          ca: Buffer.from(ca),
          ...(session && { session }),
        })
        socket.on('session', (ticket: Buffer) => sessions.push(ticket))
        socket.on('error', ignore)
        socket.on('close', () => resolve())
        socket.resume()
      })
    await attempt(undefined)
    await attempt(sessions.at(-1))
    await until(() => refusals.length === 2)
    expect(accepted).toEqual([])
  })

  it('is refused by somebody who is not one of ours: the alert is a coded error', async () => {
    const server = createTlsServer({
      cert: Buffer.from(asking.cert),
      key: Buffer.from(asking.key),
      ca: Buffer.from(ca),
      requestCert: true,
      rejectUnauthorized: true,
    })
    server.on('tlsClientError', ignore)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    cleanUps.push(() => server.close())
    const connection = await dialled(`tls://127.0.0.1:${(server.address() as AddressInfo).port}`, { ca })
    connection.onData(ignore)
    expect((await connection.closed).error).toEqual(coded('P2P_CERTIFICATE_REFUSED'))
  })
})

describe('our own certificate', () => {
  it.each([
    ['without its key', { cert: certificate('server') }],
    ['with the key of another', { cert: certificate('server'), key: credentials('client').key }],
    ['that is none', { cert: 'no certificate', key: 'no key' }],
  ])('%s cannot be used', (_what, options) => {
    expect(() => tls(options)).toThrow(coded('P2P_CERTIFICATE_UNUSABLE'))
  })

  it('is needed to listen', async () => {
    await expect(tls().listen('tls://127.0.0.1:0', ignore)).rejects.toEqual(coded('P2P_CERTIFICATE_UNUSABLE'))
  })
})

describe('who does not speak TLS 1.3', () => {
  it('says nothing: it is cut after 5 s, and gives its place to another', async () => {
    const clock = new VirtualClock()
    const { listener, port, refusals, until } = await open({
      ...credentials('server'),
      clock,
      maxConnections: 1,
    })
    const silent = connect(port, '127.0.0.1')
    silent.on('error', ignore)
    const cut = new Promise(resolve => silent.once('close', resolve))
    await new Promise(resolve => silent.once('connect', resolve))
    while (clock.pending === 0) await turn()
    await clock.advance(4_999)
    expect(refusals).toEqual([])
    await clock.advance(1)
    await cut
    await until(() => refusals.length > 0)
    expect(refusals).toEqual([coded('P2P_TIMEOUT')])
    expect(await echo(await dialled(listener.address, { ca }))).toBe(77)
  })

  it('says something else: both ends are told', async () => {
    const { port, refusals, until } = await open()
    const stranger = connect(port, '127.0.0.1')
    stranger.on('error', ignore)
    stranger.write('GET / HTTP/1.1\r\n\r\n')
    await new Promise(resolve => stranger.once('close', resolve))
    await until(() => refusals.length > 0)
    expect(refusals).toEqual([coded('P2P_PROTOCOL_ERROR')])

    const plain = createServer(socket => socket.on('error', ignore).end('SSH-2.0-OpenSSH_9.9\r\n'))
    await new Promise<void>(resolve => plain.listen(0, '127.0.0.1', resolve))
    cleanUps.push(() => plain.close())
    const dialling = tls({ ca }).dial(`tls://127.0.0.1:${(plain.address() as AddressInfo).port}`)
    await expect(dialling).rejects.toEqual(coded('P2P_PROTOCOL_ERROR'))
  })

  it('speaks TLS 1.2 only: refused, unless that is allowed', async () => {
    const old = (port: number) =>
      new Promise<string>(resolve => {
        const socket = connectTls({ port, host: '127.0.0.1', ca: Buffer.from(ca), maxVersion: 'TLSv1.2' })
        socket.on('secureConnect', () => {
          resolve(socket.getProtocol() ?? '')
          socket.destroy()
        })
        socket.on('error', (error: Error) => resolve('code' in error ? String(error.code) : ''))
      })
    const strict = await open()
    expect(await old(strict.port)).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
    await strict.until(() => strict.refusals.length > 0)
    expect(strict.refusals).toEqual([coded('P2P_PROTOCOL_ERROR')])
    const lenient = await open({ ...credentials('server'), minVersion: 'TLSv1.2' })
    expect(await old(lenient.port)).toBe('TLSv1.2')
  })

  it('leaves during the handshake, while the listener closes: nothing stays', async () => {
    const { listener, port } = await open()
    const silent = connect(port, '127.0.0.1')
    silent.on('error', ignore)
    const cut = new Promise(resolve => silent.once('close', resolve))
    await new Promise(resolve => silent.once('connect', resolve))
    await turn()
    await turn()
    await listener.close()
    await cut
  })
})

it('a dial to somebody who accepts and then says nothing is given up after 10 s', async () => {
  const clock = new VirtualClock()
  const accepted: Socket[] = []
  const server = createServer(socket => accepted.push(socket))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => server.close())
  const dialling = tls({ clock })
    .dial(`tls://127.0.0.1:${(server.address() as AddressInfo).port}`)
    .catch((error: unknown) => error)
  while (accepted.length === 0) await turn()
  const gone = new Promise(resolve => accepted[0]?.on('error', ignore).resume().once('close', resolve))
  await clock.advance(10_000)
  expect(await dialling).toEqual(coded('P2P_TIMEOUT'))
  await gone
  expect(clock.pending).toBe(0)
})

describe('one turn leaves as one write', () => {
  it.each([['who dialled'], ['who accepted']])(
    'of %s: a thousand messages of 64 bytes, and a large one',
    async side => {
      const { listener, accepted, until } = await open()
      const outbound = await dialled(listener.address, { ca })
      await until(() => accepted.length > 0)
      const inbound = accepted[0] as Connection
      const [one, other] = side === 'who dialled' ? [outbound, inbound] : [inbound, outbound]
      let length = 0
      const come = new Promise<void>(resolve =>
        other.onData(chunk => {
          length += chunk.length
          if (length === 65_024) resolve()
        }),
      )
      one.onData(ignore)
      const writes = vi.spyOn(Socket.prototype, '_write')
      const several = vi.spyOn(Socket.prototype as Required<Socket>, '_writev')
      for (let count = 0; count < 1_016; count++) one.write(new Uint8Array(64))
      await come
      expect(writes.mock.calls.length + several.mock.calls.length).toBe(1)
    },
  )

  it('in shares, where that is much: in order, and each chunk is released once', async () => {
    const { listener, accepted, until } = await open()
    const outbound = await dialled(listener.address, { ca, highWaterMark: 4 * 2 ** 20 })
    await until(() => accepted.length > 0)
    const sizes = [1, 70_000, 70_000, 3, 300_000, 64, 200_000, 131_072, 131_071, 2, 600_000, 5, 5]
    const chunks = sizes.map((size, index) => new Uint8Array(size).fill(index + 1))
    const released = sizes.map(() => 0)
    const sent = Buffer.concat(chunks)
    const come: Uint8Array[] = []
    let length = 0
    const all = new Promise<void>(resolve =>
      accepted[0]?.onData(chunk => {
        come.push(Uint8Array.from(chunk))
        length += chunk.length
        if (length === sent.length) resolve()
      }),
    )
    outbound.onData(ignore)
    for (const [index, chunk] of chunks.entries())
      outbound.write(chunk, () => (released[index] = (released[index] ?? 0) + 1))
    await all
    expect(Buffer.compare(Buffer.concat(come), sent)).toBe(0)
    await until(() => outbound.queued === 0)
    expect(released).toEqual(sizes.map(() => 1))
  })

  it('a release that throws ends the connection with what it threw', async () => {
    const { listener } = await open()
    const outbound = await dialled(listener.address, { ca })
    const thrown = new Error('of a release')
    outbound.write(new Uint8Array(10), () => {
      throw thrown
    })
    outbound.write(new Uint8Array(10))
    expect(await outbound.closed).toEqual({ by: 'local', error: thrown })
  })
})
