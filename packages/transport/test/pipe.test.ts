import { json, lengthPrefixed, lines, text as textCodec } from '@p2p/framing'
import { describe, expect, it } from 'vitest'
import type { Message } from '../src/pipe.ts'
import {
  bound,
  bytes,
  client,
  coded,
  datagrams,
  overTcp,
  overUdp,
  pair,
  server,
  streams,
  text,
} from './pipe-fixtures.ts'
import { VirtualClock, turn } from './virtual-clock.ts'

const framing = lengthPrefixed()

describe.each(streams)('a pipe over $name', way => {
  const options = { framing, codec: textCodec() }

  it('is pushed from: every handler gets every message, in order', async () => {
    const { near, far } = await pair<string>(way, options)
    const seen: string[] = []
    const done = new Promise<void>(resolve => {
      far.on('message', ({ data }) => void seen.push(data))
      far.on('message', message => {
        message.reply(message.data.toUpperCase())
        if (message.data === 'c') resolve()
      })
    })
    for (const word of ['a', 'b', 'c']) near.send(word)
    await done
    expect(seen).toEqual(['a', 'b', 'c'])
    expect([(await near.recv()).data, (await near.recv()).data]).toEqual(['A', 'B'])
  })

  it('is pulled from, and iterated over until its end', async () => {
    const { near, far } = await pair<string>(way, options)
    for (const word of ['a', 'b', 'c']) near.send(word)
    const first = await far.recv()
    expect(first).toMatchObject({ data: 'a', from: far.remote, size: 1 })
    expect(first.pipe).toBe(far)
    const ending = near.close()
    const rest: string[] = []
    for await (const { data } of far) rest.push(data)
    expect(rest).toEqual(['b', 'c'])
    await ending
    expect(await near.closed).toEqual({ by: 'local' })
    expect(await far.closed).toEqual({ by: 'remote' })
  })

  it('ends with a reason when the other end breaks it', async () => {
    const { near, far } = await pair<string>(way, options)
    near.send('a')
    await far.recv()
    near.abort()
    await expect(far.recv()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    expect(await far.closed).toMatchObject({ by: 'remote', error: { code: 'P2P_CONNECTION_RESET' } })
    expect((await near.closed).error).toMatchObject({ code: 'P2P_CONNECTION_ABORTED' })
  })

  it('holds its writer back, not its memory, while nobody reads', async () => {
    const { near, far } = await pair(way, { framing })
    const block = new Uint8Array(65_536)
    let sent = 1
    while (near.send(block.slice())) if (sent++ % 16 === 0) await turn()
    let taken = 0
    const drained = near.drained()
    far.on('message', ({ size }) => void (taken += size))
    await drained
    await near.close()
    await far.closed
    expect(taken).toBe(sent * block.length)
  })
})

describe.each(datagrams)('a pipe over $name', way => {
  it('is pushed from and pulled from as any other', async () => {
    const { near, far } = await pair<string>(way, { codec: textCodec() }, 'hello')
    far.on('message', message => message.reply(message.data.toUpperCase()))
    near.send('a')
    expect(await near.recv()).toMatchObject({ data: 'A', from: near.remote })
  })

  it('that is bound hears everybody, and answers each', async () => {
    const echo = await bound(way.anywhere)
    echo.on('message', message => message.reply(message.data))
    const [one, other] = [await bound(way.anywhere), await client(echo.local)]
    one.send(bytes('1'), echo.local)
    other.send(bytes('2'))
    expect(text((await one.recv()).data)).toBe('1')
    expect(text((await other.recv()).data)).toBe('2')
    expect(echo.remote).toBeUndefined()
  })
})

describe('a pipe', () => {
  it('is raw: bytes come as they were sent, whatever their boundaries', async () => {
    const { near, far } = await pair(overTcp)
    near.send(bytes('one '))
    near.send(bytes('two'))
    let got = ''
    for await (const { data } of far) {
      got += text(data)
      if (got.length === 7) break
    }
    expect(got).toBe('one two')
  })

  it.each([
    ['lengthPrefixed', lengthPrefixed()],
    ['lines', lines()],
  ])('tells messages apart with %s, however they are cut', async (_name, framing) => {
    const host = await server('tcp://127.0.0.1:0', { framing, codec: json() })
    const near = await client(host.address)
    const far = await host.accept()
    const payload = bytes('{"a":1}')
    const frame = new Uint8Array(framing.frameLength(payload.length))
    framing.encode(payload, frame, 0)
    const arrival = far.recv()
    for (const byte of frame) {
      near.send(Uint8Array.of(byte))
      await turn()
    }
    expect((await arrival).data).toEqual({ a: 1 })
  })

  it('gives data of its own: what is kept stays as it was', async () => {
    const { near, far } = await pair(overTcp, { framing })
    const sizes = [0, 1, 64, 1_024, 1_025, 8_192, 70_000]
    const sent = Array.from({ length: 300 }, (_, index) => {
      const data = new Uint8Array(sizes[index % sizes.length] ?? 0)
      return data.fill(index)
    })
    for (const data of sent) near.send(data.slice())
    const kept: Message[] = []
    for await (const message of far) if (kept.push(message) === sent.length) break
    expect(kept.map(({ data }, index) => Buffer.compare(data, sent[index] ?? data))).toEqual(
      sent.map(() => 0),
    )
  })

  it('keeps in its queues no more memory than the messages have', async () => {
    const { near, far } = await pair(overTcp, { framing })
    const [all, some] = [far.subscribe(), far.subscribe(/x/)]
    far.on('message', ({ data }) => expect(data[0]).toBe(120))
    for (let count = 0; count < 100; count++) near.send(bytes('x'.repeat(64)))
    while (some.size < 100) await turn()
    for (const queue of [all, some]) expect((await queue.recv()).data.buffer.byteLength).toBe(64)
  })

  it('takes back who does not listen any more', async () => {
    const { near, far } = await pair<string>(overTcp, { framing, codec: textCodec() })
    const seen: string[] = []
    const one = ({ data }: Message<string>) => void seen.push(`one ${data}`)
    const other = ({ data }: Message<string>) => void seen.push(`other ${data}`)
    far.on('message', one)
    const listening = far.on('message', other)
    near.send('a')
    const all = far.subscribe()
    await all.recv()
    far.off('message', one)
    near.send('b')
    await all.recv()
    listening[Symbol.dispose]()
    near.send('c')
    await all.recv()
    expect(seen).toEqual(['one a', 'other a', 'other b'])
  })

  it('waits for the promise of a handler before it hands it the next message', async () => {
    const { near, far } = await pair<string>(overTcp, { framing, codec: textCodec() })
    const events: string[] = []
    let release: (() => void) | undefined
    far.on('message', async ({ data }) => {
      events.push(`begin ${data}`)
      await new Promise<void>(resolve => (release = resolve))
      events.push(`end ${data}`)
    })
    const all = far.subscribe()
    near.send('a')
    near.send('b')
    await all.recv()
    await all.recv()
    expect(events).toEqual(['begin a'])
    release?.()
    await turn()
    expect(events).toEqual(['begin a', 'end a', 'begin b'])
    release?.()
  })

  it('hands messages to a handler in line that wants them so, without waiting', async () => {
    const { near, far } = await pair<string>(overTcp, { framing, codec: textCodec() })
    const begun: string[] = []
    far.on(
      'message',
      ({ data }) => {
        begun.push(data)
        return new Promise(() => undefined)
      },
      { inline: true },
    )
    const all = far.subscribe()
    near.send('a')
    near.send('b')
    await all.recv()
    await all.recv()
    expect(begun).toEqual(['a', 'b'])
  })

  it('keeps what came as datagrams before the first handler, for all that are set in one turn', async () => {
    const far = await bound<string>('udp://127.0.0.1:0', { codec: textCodec() })
    const near = await client<string>(far.local, { codec: textCodec() })
    near.send('a1')
    near.send('b1')
    while (far.size < 2) await turn()
    const [a, b] = [far.subscribe(/^a/), far.subscribe(/^b/)]
    expect((await a.recv()).data).toBe('a1')
    expect((await b.recv()).data).toBe('b1')
  })

  it('drops what nobody wants, and counts it', async () => {
    const { near, far } = await pair<string>(overTcp, { framing, codec: textCodec() })
    const wanted = far.subscribe(/^a/)
    near.send('b')
    near.send('a')
    await wanted.recv()
    expect(far.unclaimed).toBe(1)
  })

  it('says that it is alive, and hides such signs', async () => {
    const clock = new VirtualClock()
    const options = { framing, keepAlive: 1_000, clock }
    const { near, far } = await pair(overTcp, options)
    const heard = far.lastReceived
    far.on('message', () => expect.unreachable())
    await clock.advance(1_000)
    while (far.lastReceived === heard) await turn()
    expect(far.size).toBe(0)
    expect(() => near.send(new Uint8Array(0))).toThrow(TypeError)
    await near.close()
    await far.close()
    expect(clock.pending).toBe(0)
  })

  it('with keepAlive needs frames', async () => {
    const host = await server()
    await expect(client(host.address, { keepAlive: 1_000 })).rejects.toThrow(RangeError)
  })

  it('closes on a codec that refuses what a peer has sent, and the server lives on', async () => {
    const host = await server('tcp://127.0.0.1:0', { framing, codec: json() })
    const bad = await client(host.address, { framing })
    const victim = await host.accept()
    bad.send(bytes('{'))
    await expect(victim.recv()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    expect((await victim.closed).error).toMatchObject({ code: 'P2P_NOT_DECODABLE' })
    const good = await client(host.address, { framing, codec: json() })
    good.send(1)
    expect((await (await host.accept()).recv()).data).toBe(1)
  })

  it('tells of a datagram that the codec refuses, and lives on', async () => {
    const far = await bound('udp://127.0.0.1:0', { codec: json() })
    const near = await client(far.local)
    const errors: Error[] = []
    far.on('error', error => errors.push(error))
    near.send(bytes('{'))
    near.send(bytes('2'))
    expect((await far.recv()).data).toBe(2)
    expect(errors).toEqual([coded('P2P_NOT_DECODABLE')])
  })

  it('ends with an error when the stream ends within a frame', async () => {
    const host = await server('tcp://127.0.0.1:0', { framing })
    const near = await client(host.address)
    const far = await host.accept()
    near.send(Uint8Array.of(0, 0, 0, 5, 1))
    void near.close()
    await expect(far.recv()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    expect((await far.closed).error).toMatchObject({ code: 'P2P_FRAME_CUT_OFF' })
  })

  it('refuses what it cannot send, and lives on', async () => {
    const { near, far } = await pair(overTcp, { framing: lengthPrefixed({ limit: 10 }) })
    expect(() => near.send(new Uint8Array(11))).toThrow(coded('P2P_FRAME_TOO_LONG'))
    expect(() => near.send('text' as unknown as Uint8Array)).toThrow(TypeError)
    expect(() => near.send(bytes('x'), 'tcp://127.0.0.1:9')).toThrow(coded('P2P_BAD_ADDRESS'))
    near.send(bytes('fits'))
    expect(text((await far.recv()).data)).toBe('fits')
  })

  it('has no transport for a scheme that nobody knows', async () => {
    await expect(client('gopher://127.0.0.1:70')).rejects.toThrow(coded('P2P_NO_TRANSPORT'))
    await expect(server('127.0.0.1:70' as never)).rejects.toThrow(coded('P2P_NO_TRANSPORT'))
    await expect(bound('tcp://127.0.0.1:0')).rejects.toThrow(coded('P2P_BAD_ADDRESS'))
  })

  it('over UDP cannot be paused', async () => {
    const pipe = await bound()
    expect(() => pipe.subscribe(/x/, { overflow: 'pause' })).toThrow(coded('P2P_NOT_SUPPORTED'))
    await expect(bound(overUdp.anywhere, { inbox: { overflow: 'pause' } })).rejects.toThrow(
      coded('P2P_NOT_SUPPORTED'),
    )
  })
})
