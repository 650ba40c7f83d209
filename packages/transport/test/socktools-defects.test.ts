import { connect as connectSocket } from 'node:net'
import { lengthPrefixed, text as textCodec } from '@p2p/framing'
import { describe, expect, it } from 'vitest'
import { createDaemon, type Daemon, type DaemonOptions, group, type Message, messages } from '../src/pipe.ts'
import { parseTcpAddress } from '../src/tcp.ts'
import { bytes, client, closing, coded, event } from './pipe-fixtures.ts'
import { turn, VirtualClock } from './virtual-clock.ts'

const options = { framing: lengthPrefixed(), codec: textCodec() }

const listening = async (more: DaemonOptions<string> = {}, at: 'tcp' | 'udp' = 'tcp') => {
  const host: Daemon<string> = closing(createDaemon({ codec: textCodec(), ...more }))
  const [report] = await host.listen(`${at}://127.0.0.1:0`)
  return { host, address: report?.address ?? 'tcp://' } as const
}

const until = async (condition: () => boolean) => {
  while (!condition()) await turn()
}

/** What socktools does wrong, as found in its source; each is not so here. */
describe('defects of socktools that are not here', () => {
  it('ticks never come', async () => {
    const clock = new VirtualClock()
    const { host } = await listening({ clock })
    let ticks = 0
    host.on('tick', () => {
      ticks++
    })
    await clock.advance(1_000)
    expect(ticks).toBe(4)
  })

  it('a group ignores the members that it is made with', async () => {
    const { host, address } = await listening()
    const all = closing(group([host]))
    const pipe = await client(address, options)
    pipe.send('heard')
    expect((await all.recv()).data).toBe('heard')
  })

  it('a read that is short cuts a message off', async () => {
    const { host, address } = await listening()
    const { host: name, port } = parseTcpAddress(address)
    const socket = connectSocket({ port, host: name, noDelay: true })
    for (const byte of [0, 0, 0, 3, ...bytes('abc')]) {
      await new Promise(resolve => socket.write(Uint8Array.of(byte), resolve))
      await turn()
    }
    expect((await host.recv()).data).toBe('abc')
    socket.destroy()
  })

  it('after a read that failed the client is read for ever', async () => {
    const { host, address } = await listening()
    const left = event<[unknown, { readonly error?: Error }]>(host, 'leave')
    const pipe = await client(address, options)
    await until(() => host.peers.size === 1)
    pipe.abort()
    expect((await left)[1].error).toEqual(coded('P2P_CONNECTION_RESET'))
    expect(host.peers.size).toBe(0)
  })

  it('dialling loses the messages of who has dialled us', async () => {
    const [{ host, address }, other] = [await listening(), await listening()]
    const pipe = await client(address, options)
    pipe.send('before')
    await until(() => host.size === 1)
    await host.dial(other.address)
    expect((await host.recv()).data).toBe('before')
  })

  it('any sender of UDP is let in', async () => {
    const { host, address } = await listening({ admit: () => false }, 'udp')
    const refused = event<[{ readonly address: string }]>(host, 'refused')
    const pipe = await client(address, options)
    pipe.send('let me in')
    expect((await refused)[0].address).toBe(pipe.local)
    expect([host.size, host.peers.size]).toEqual([0, 0])
  })

  it('a peer that only listens is dropped', async () => {
    const clock = new VirtualClock()
    const { host, address } = await listening({ clock })
    // The sign of life that the other end sends travels over the real network; time here waits for it.
    const pipe = await client(address, { ...options, keepAlive: 3_000, clock })
    pipe.on('message', () => undefined)
    await until(() => host.peers.size === 1)
    const [peer] = host.peers
    for (let count = 0; count < 10; count++) {
      const heard = peer?.pipe.lastReceived ?? 0
      await clock.advance(3_000)
      await until(() => (peer?.pipe.lastReceived ?? 0) > heard)
    }
    expect(host.peers.size).toBe(1)
  })

  it('over UDP a message to all reaches only those that were dialled', async () => {
    const { host, address } = await listening({}, 'udp')
    const pipes = [await client(address, options), await client(address, options)]
    for (const pipe of pipes) pipe.send('here I am')
    await until(() => host.peers.size === 2)
    expect(host.send('to all')).toBe(2)
    for (const pipe of pipes) expect((await pipe.recv()).data).toBe('to all')
  })

  it('daemons share their default handlers', async () => {
    const [one, other] = [await listening(), await listening()]
    const seen: Message<string>[] = []
    one.host.on('message', message => void seen.push(message))
    const pipe = await client(other.address, options)
    pipe.send('for the other')
    await other.host.recv()
    expect(seen).toEqual([])
  })

  it('an error that is logged hides what failed', async () => {
    const { host, address } = await listening()
    const cause = new Error('the real one')
    host.on('message', () => {
      throw cause
    })
    const error = event<[Error]>(host, 'error')
    const pipe = await client(address, options)
    pipe.send('x')
    expect((await error)[0]).toMatchObject({ code: 'P2P_HANDLER_FAILED', cause })
  })

  it('binding or starting twice is not checked', async () => {
    const { host, address } = await listening()
    await expect(host.listen(address)).rejects.toThrow(coded('P2P_NO_TARGET'))
    const [first, second] = await host.listen(['tcp://127.0.0.1:0', address])
    expect([first?.error, second?.error]).toEqual([undefined, coded('P2P_ADDRESS_IN_USE')])
  })

  it('the same client may be accepted twice, and sending to an unknown one is silent', async () => {
    const { host, address } = await listening()
    let came = 0
    host.on('peer', () => {
      came++
    })
    const pipe = await client(address, options)
    pipe.send('1')
    pipe.send('2')
    expect([(await host.recv()).data, (await host.recv()).data]).toEqual(['1', '2'])
    expect(came).toBe(1)
    expect(() => host.send('x', 'tcp://127.0.0.1:1')).toThrow(coded('P2P_UNKNOWN_PEER'))
  })

  it('a mixin for message types that are text cannot be used', async () => {
    const codec = messages({ hello: String })
    const host = closing(createDaemon({ codec }))
    const [report] = await host.listen('tcp://127.0.0.1:0')
    const heard = new Promise<string>(resolve => host.handle('hello', resolve))
    const pipe = await client(report?.address ?? 'tcp://', { framing: lengthPrefixed(), codec })
    pipe.send({ type: 'hello', data: 'world' })
    expect(await heard).toBe('world')
  })
})
