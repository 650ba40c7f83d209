import { request } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import type { Address, Connection } from '@p2p/interfaces'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { ws, type WsOptions, wss, type WssOptions } from '../src/ws.ts'
import { messagesOf } from '../src/ws/messages.ts'
import { certificate, credentials } from './certificates/credentials.ts'
import { turn, VirtualClock } from './virtual-clock.ts'

const coded = (code: string) => expect.objectContaining({ code }) as unknown
const ignore = () => undefined

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A listener of ours, what it accepts, and what it refuses. */
const open = async (
  options: WssOptions = {},
  at: Address = 'ws://127.0.0.1:0/p2p',
  transport: typeof wss = ws,
) => {
  const accepted: Connection[] = []
  const refusals: Error[] = []
  let wake: (() => void) | undefined
  const onRefused = (error: Error) => {
    refusals.push(error)
    wake?.()
  }
  const listener = await transport({ onRefused, ...options }).listen(at, connection => {
    accepted.push(connection)
    wake?.()
  })
  cleanUps.push(
    () => listener.close(),
    () => accepted.forEach(connection => connection.abort()),
  )
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise<void>(resolve => (wake = resolve))
  }
  return { listener, accepted, refusals, until, port: Number(/:(\d+)/.exec(listener.address)?.[1]) }
}

/** A connection of ours, and the bare WebSocket at its other end. */
const withBareClient = async (options: WsOptions = {}) => {
  const { listener, accepted, until } = await open(options)
  const theirs = new WebSocket(listener.address, { perMessageDeflate: true })
  theirs.on('error', ignore)
  cleanUps.push(() => theirs.terminate())
  await new Promise(resolve => theirs.once('open', resolve))
  await until(() => accepted.length > 0)
  return { ours: accepted[0] as Connection, theirs }
}

const messagesTo = (socket: WebSocket): Buffer[] => {
  const messages: Buffer[] = []
  socket.on('message', (data: Buffer) => messages.push(data))
  return messages
}

const closeCode = (socket: WebSocket) => new Promise<number>(resolve => socket.once('close', resolve))

describe('messages', () => {
  it('a thousand writes of one turn, and those of its promises, are one', async () => {
    const { ours, theirs } = await withBareClient()
    const messages = messagesTo(theirs)
    for (let index = 0; index < 1_000; index++) ours.write(new Uint8Array(60).fill(index))
    await Promise.resolve()
    ours.write(Uint8Array.of(1, 2, 3))
    await new Promise(resolve => theirs.once('message', resolve))
    await turn()
    expect(messages.map(message => message.length)).toEqual([60_003])
  })

  it('are not compressed, even if the other end offers it', async () => {
    const { theirs } = await withBareClient()
    expect(theirs.extensions).toBe('')
  })

  it('are split so that each is taken by an end of ours', async () => {
    const { ours, theirs } = await withBareClient({ maxPayload: 1_000 })
    const messages = messagesTo(theirs)
    ours.write(new Uint8Array(2_500))
    void ours.close()
    await new Promise<void>(resolve => theirs.on('message', (data: Buffer) => data.length === 0 && resolve()))
    expect(messages.map(message => message.length)).toEqual([1_000, 1_000, 500, 0])
  })

  it('cutting chunks into messages loses and turns round nothing, and no message is too long or could be one with the next', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 20 })
    fc.assert(
      fc.property(chunks, fc.integer({ min: 1, max: 50 }), (chunks, limit) => {
        const messages = messagesOf(chunks, limit)
        expect(Buffer.concat(messages).equals(Buffer.concat(chunks))).toBe(true)
        for (const message of messages) {
          expect(message.length).toBeGreaterThan(0)
          expect(message.length).toBeLessThanOrEqual(limit)
        }
      }),
    )
  })
})

describe('with a peer that is not one of ours', () => {
  it('text ends the connection with 1003 and P2P_PROTOCOL_ERROR', async () => {
    const { ours, theirs } = await withBareClient()
    const code = closeCode(theirs)
    ours.onData(ignore)
    theirs.send('text')
    expect(await code).toBe(1_003)
    expect(await ours.closed).toEqual({ by: 'remote', error: coded('P2P_PROTOCOL_ERROR') })
  })

  it('a message that is too long ends the connection with 1009 and P2P_PROTOCOL_ERROR', async () => {
    const { ours, theirs } = await withBareClient({ maxPayload: 1_000 })
    const code = closeCode(theirs)
    let length = 0
    ours.onData(chunk => (length += chunk.length))
    theirs.send(new Uint8Array(1_000))
    theirs.send(new Uint8Array(1_001))
    expect(await code).toBe(1_009)
    expect((await ours.closed).error).toEqual(coded('P2P_PROTOCOL_ERROR'))
    expect(length).toBe(1_000)
  })

  it('who goes on after its end is refused', async () => {
    const { ours, theirs } = await withBareClient()
    theirs.pause()
    // More than the system takes, so that our own end is not sent yet.
    for (let count = 0; count < 256; count++) ours.write(new Uint8Array(65_536))
    theirs.send(new Uint8Array(0))
    theirs.send(Uint8Array.of(1))
    ours.onData(ignore)
    const code = closeCode(theirs)
    await turn()
    theirs.resume()
    expect(await ours.closed).toEqual({ by: 'remote', error: coded('P2P_PROTOCOL_ERROR') })
    expect(await code).toBe(1_002)
  })

  it('its close frame is an orderly end, and what came before is delivered, even if it is read later', async () => {
    const { ours, theirs } = await withBareClient()
    theirs.send(new Uint8Array(300))
    theirs.send(new Uint8Array(200))
    theirs.close(1_000)
    let length = 0
    ours.onData(chunk => {
      length += chunk.length
      ours.pause()
      setImmediate(() => ours.resume())
    })
    expect(await ours.closed).toEqual({ by: 'remote' })
    expect(length).toBe(500)
  })

  it.each([
    ['another close code', (theirs: WebSocket) => theirs.close(4_321)],
    ['no close frame', (theirs: WebSocket) => theirs.terminate()],
  ])('%s is a failure', async (_what, end) => {
    const { ours, theirs } = await withBareClient()
    ours.onData(ignore)
    end(theirs)
    expect(await ours.closed).toEqual({ by: 'remote', error: coded('P2P_CONNECTION_RESET') })
  })

  it('our end is an empty message; who does not answer it is left after 5 s with a close frame', async () => {
    const clock = new VirtualClock()
    const { ours, theirs } = await withBareClient({ clock })
    const messages = messagesTo(theirs)
    const code = closeCode(theirs)
    const empty = new Promise(resolve => theirs.once('message', resolve))
    const closed = ours.close()
    await empty
    await turn()
    await clock.advance(5_000)
    await closed
    expect(await ours.closed).toEqual({ by: 'local' })
    expect(messages.map(message => message.length)).toEqual([0])
    expect(await code).toBe(1_000)
    expect(clock.pending).toBe(0)
  })

  it('pings are answered', async () => {
    const { ours, theirs } = await withBareClient()
    ours.onData(ignore)
    const pong = new Promise<Buffer>(resolve => theirs.once('pong', resolve))
    theirs.ping('x')
    expect(String(await pong)).toBe('x')
  })
})

describe('what goes wrong while dialling', () => {
  it.each([
    ['nobody listens there', 'ws://127.0.0.1:1/', 'P2P_CONNECTION_REFUSED'],
    ['nobody has port 0', 'ws://127.0.0.1:0/', 'P2P_BAD_ADDRESS'],
    ['a link-local address without its scope', 'ws://[fe80::1]:9/', 'P2P_BAD_ADDRESS'],
    ['the address of the other transport', 'wss://127.0.0.1:9/', 'P2P_BAD_ADDRESS'],
  ] as const)('%s', async (_what, address, code) => {
    await expect(ws().dial(address)).rejects.toEqual(coded(code))
  })

  it('another path than the one that is listened at', async () => {
    const { listener, accepted } = await open()
    const error: unknown = await ws()
      .dial(`${listener.address}/more`)
      .catch((error: unknown) => error)
    expect(error).toEqual(coded('P2P_PROTOCOL_ERROR'))
    expect((error as Error).message).toContain('400')
    expect(accepted).toEqual([])
  })

  it.each([
    ['speaks another protocol', 'SSH-2.0-OpenSSH_9.9\r\n', 'P2P_PROTOCOL_ERROR'],
    ['leaves', '', 'P2P_CONNECTION_RESET'],
  ])('somebody who %s', async (_what, words, code) => {
    const server = createServer(socket => socket.on('error', ignore).resume().end(words))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    cleanUps.push(() => server.close())
    const dialling = ws().dial(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await expect(dialling).rejects.toEqual(coded(code))
  })
})

describe('a listener', () => {
  it('answers a request that is no WebSocket with 426', async () => {
    const { port } = await open()
    const status = await new Promise(resolve => {
      request({ port, host: '127.0.0.1', path: '/p2p', agent: false }, response => {
        response.resume()
        resolve(response.statusCode)
      }).end()
    })
    expect(status).toBe(426)
  })

  it('cuts who takes more than 5 s for the handshake, and gives its place to another', async () => {
    const clock = new VirtualClock()
    const { listener, port, refusals, until, accepted } = await open({ clock, maxConnections: 1 })
    const slow = connect(port, '127.0.0.1')
    slow.on('error', ignore)
    const cut = new Promise(resolve => slow.once('close', resolve))
    slow.write('GET /p2p HTTP/1.1\r\nHost: loris\r\n')
    while (clock.pending === 0) await turn()
    await clock.advance(4_999)
    expect(refusals).toEqual([])
    await clock.advance(1)
    await cut
    await until(() => refusals.length > 0)
    expect(refusals).toEqual([coded('P2P_TIMEOUT')])
    const connection = await ws().dial(listener.address)
    await until(() => accepted.length > 0)
    connection.abort()
  })

  it('has its path in its addresses, and who dialled has none', async () => {
    const { listener, accepted, until } = await open()
    expect(listener.address).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/p2p$/)
    expect(listener.reachable).toEqual([listener.address])
    const connection = await ws().dial(listener.address)
    await until(() => accepted.length > 0)
    expect(connection.local).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/$/)
    connection.abort()
  })

  it.each([['maxPayload'], ['handshakeTimeout'], ['maxConnections']])(
    'a %s that is not above 0 is a mistake',
    name => {
      for (const value of [0, -1, NaN]) expect(() => ws({ [name]: value })).toThrow(RangeError)
    },
  )
})

describe('over TLS', () => {
  const secured = credentials('server')
  const ca = certificate('authority')

  it('a certificate that cannot be trusted is refused', async () => {
    const { listener } = await open(credentials('foreign'), 'wss://127.0.0.1:0/', wss)
    await expect(wss({ ca }).dial(listener.address)).rejects.toEqual(coded('P2P_CERTIFICATE_REFUSED'))
  })

  it('a client without a certificate is refused by who wants one, and one with is not', async () => {
    const options = { ...secured, ca, requireClientCertificate: true }
    const { listener, refusals, until, accepted } = await open(options, 'wss://127.0.0.1:0/', wss)
    for (const own of [{}, credentials('foreign')]) {
      const dialling = wss({ ca, ...own }).dial(listener.address)
      await expect(dialling).rejects.toEqual(coded('P2P_CONNECTION_RESET'))
    }
    await until(() => refusals.length === 2)
    for (const refusal of refusals) expect(refusal).toEqual(coded('P2P_CERTIFICATE_REFUSED'))
    expect(accepted).toEqual([])
    const connection = await wss({ ca, ...credentials('client') }).dial(listener.address)
    await until(() => accepted.length > 0)
    connection.abort()
  })

  it('needs a certificate to listen', async () => {
    await expect(wss().listen('wss://127.0.0.1:0/', ignore)).rejects.toEqual(
      coded('P2P_CERTIFICATE_UNUSABLE'),
    )
  })
})

it('a server of the ws package is dialled like one of ours', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  cleanUps.push(() => server.close())
  server.on('connection', socket => socket.on('message', data => socket.send(data)))
  await new Promise(resolve => server.once('listening', resolve))
  const connection = await ws().dial(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const come = new Promise<string>(resolve =>
    connection.onData(chunk => resolve(Buffer.from(chunk).toString())),
  )
  connection.write(Buffer.from('echo'))
  expect(await come).toBe('echo')
  connection.abort()
})
