import { spawn } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { connect as connectSocket } from 'node:net'
import { Duplex } from 'node:stream'
import { json, lengthPrefixed, text as textCodec } from '@p2p/framing'
import { describe, expect, it } from 'vitest'
import { bridge, fromDuplex, messages, type Pipe, request, toDuplex } from '../src/pipe.ts'
import { parseTcpAddress } from '../src/tcp.ts'
import { bound, bytes, closing, coded, overTcp, overUdp, pair, server, text } from './pipe-fixtures.ts'
import { turn, VirtualClock } from './virtual-clock.ts'

const framed = { framing: lengthPrefixed(), codec: textCodec() }

describe('a bridge', () => {
  it('relays in both directions, between transports too, until one end closes', async () => {
    const left = await pair<string>(overTcp, framed)
    const right = await pair<string>(overUdp, { codec: textCodec() }, 'hello')
    const end = bridge(left.far, right.near)
    left.near.send('to the right')
    expect((await right.far.recv()).data).toBe('to the right')
    right.far.send('to the left')
    expect((await left.near.recv()).data).toBe('to the left')
    await left.near.close()
    expect(await end).toEqual({ first: left.far })
    expect(await right.near.closed).toEqual({ by: 'local' })
  })

  it('holds back who writes while the other end does not read', async () => {
    const framing = { framing: lengthPrefixed() }
    const [left, right] = [await pair(overTcp, framing), await pair(overTcp, framing)]
    const end = bridge(left.far, right.near)
    const block = new Uint8Array(65_536)
    let sent = 1
    while (left.near.send(block.slice())) if (sent++ % 16 === 0) await turn()
    expect(right.near.queued).toBeLessThan(2_000_000)
    let got = 0
    right.far.on('message', ({ size }) => void (got += size))
    void left.near.close()
    await right.far.closed
    await end
    expect(got).toBe(sent * block.length)
  })

  it('hands an error on', async () => {
    const [left, right] = [await pair<string>(overTcp, framed), await pair<string>(overTcp, framed)]
    const end = bridge(left.far, right.near)
    left.near.send('x')
    await right.far.recv()
    left.near.abort()
    expect(await end).toMatchObject({ first: left.far, error: { code: 'P2P_CONNECTION_RESET' } })
    expect((await right.near.closed).error).toMatchObject({ code: 'P2P_CONNECTION_RESET' })
    await expect(right.far.recv()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
  })

  it('ends when it is told to', async () => {
    const [left, right] = [await pair<string>(overTcp, framed), await pair<string>(overTcp, framed)]
    const stop = new AbortController()
    const end = bridge(left.far, right.near, { signal: stop.signal })
    stop.abort()
    expect((await end).error).toMatchObject({ code: 'P2P_ABORTED' })
  })
})

describe('a pipe as a stream of Node.js', () => {
  it('is written to, read from, and ended', async () => {
    const { near, far } = await pair(overTcp)
    const stream = toDuplex(near)
    const echo = toDuplex(far)
    void pipeline(echo, new PassThrough(), echo).catch(() => undefined)
    const data = Buffer.alloc(3_000_000, 'abc')
    stream.write(data)
    const parts: Buffer[] = []
    let got = 0
    for await (const part of stream as AsyncIterable<Buffer>) {
      parts.push(part)
      if ((got += part.length) === data.length) break
    }
    expect(Buffer.concat(parts).equals(data)).toBe(true)
    expect((await near.closed).by).toBe('local')
  })

  it('ends when the other end does', async () => {
    const { near, far } = await pair(overTcp)
    far.send(bytes('all of it'))
    void far.close()
    expect(text(await buffer(toDuplex(near)))).toBe('all of it')
  })

  it('carries values for a pipe with a codec, and fails as the pipe does', async () => {
    const { near, far } = await pair<string>(overTcp, framed)
    const stream = toDuplex(near, { objectMode: true })
    stream.write('one')
    expect((await far.recv()).data).toBe('one')
    const failure = new Promise<Error>(resolve => stream.on('error', resolve))
    stream.resume()
    far.abort()
    expect(await failure).toEqual(coded('P2P_CONNECTION_RESET'))
  })

  it('is made of a stream: a socket that something else has opened', async () => {
    const host = await server()
    const { host: name, port } = parseTcpAddress(host.address)
    const near = closing(fromDuplex(connectSocket(port, name)))
    near.send(bytes('hello'))
    const far = await host.accept()
    const message = await far.recv()
    message.reply(message.data)
    expect(text((await near.recv()).data)).toBe('hello')
    void far.close()
    await expect(near.recv()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    expect((await near.closed).error).toBeUndefined()
  })

  it('is made of a stream: a child process', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const pipe: Pipe<string> = closing(
      fromDuplex(Duplex.from({ readable: child.stdout, writable: child.stdin }), framed),
    )
    pipe.send('ping')
    expect((await pipe.recv()).data).toBe('ping')
  })

  it('that is made of a stream fails as the stream does', async () => {
    const stream = new PassThrough()
    const pipe = closing(fromDuplex(stream))
    const waiting = expect(pipe.recv()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    stream.destroy(new Error('cable'))
    await waiting
    expect((await pipe.closed).error?.message).toBe('cable')
  })
})

describe('a request', () => {
  it('takes the reply that has its id, from whom it was sent to', async () => {
    const [far, liar] = [await bound(), await bound()]
    const near = await bound()
    far.on('message', message => {
      liar.send(bytes('id1 lie'), message.from)
      message.reply(bytes('id2 of another request'))
      message.reply(bytes('id1 truth'))
    })
    const { data, from } = await request(near, bytes('id1?'), { to: far.local, reply: /^id1/ })
    expect([text(data), from]).toEqual(['id1 truth', far.local])
  })

  it('gives up after as many attempts as it may', async () => {
    const clock = new VirtualClock()
    const far = await bound()
    const near = await bound('udp://127.0.0.1:0', { clock })
    const reply = expect(
      request(near, bytes('?'), { to: far.local, reply: bytes('!'), attempts: 3, interval: 10 }),
    ).rejects.toThrow(coded('P2P_NO_REPLY'))
    await clock.advance(70)
    await reply
    while (far.size < 3) await turn()
    expect(clock.pending).toBe(0)
  })

  it('keeps to a deadline, a signal and the end of its pipe', async () => {
    const clock = new VirtualClock()
    const near = await bound('udp://127.0.0.1:0', { clock })
    const options = { to: near.local, reply: bytes('!') }
    const late = expect(request(near, bytes('?'), { ...options, timeout: 700 })).rejects.toThrow(
      coded('P2P_TIMEOUT'),
    )
    await clock.advance(700)
    await late
    const signal = AbortSignal.abort()
    await expect(request(near, bytes('?'), { ...options, signal })).rejects.toThrow(coded('P2P_ABORTED'))
    const ended = expect(request(near, bytes('?'), options)).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    await near.close()
    await ended
  })
})

describe('messages with a type', () => {
  const number = (value: unknown) => {
    if (typeof value !== 'number') throw new TypeError('not a number')
    return value
  }
  const codec = messages({ count: number, say: String }, json())

  it('are a pair of type and data on the wire, as the mixins of socktools have it', () => {
    expect(text(codec.encode({ type: 'count', data: 1 }))).toBe('["count",1]')
    expect(codec.decode(bytes('["say","hello"]'))).toEqual({ type: 'say', data: 'hello' })
  })

  it.each(['1', '["count"]', '["count","x"]', '["other",1]', '["toString",1]', '[1,1]', '["say",1,2]', '{'])(
    '%s is refused',
    encoded => {
      expect(() => codec.decode(bytes(encoded))).toThrow(coded('P2P_NOT_DECODABLE'))
    },
  )

  it('of a type that is not theirs cannot be sent', () => {
    expect(() => codec.encode({ type: 'other' as 'say', data: '' })).toThrow(TypeError)
  })
})
