import { lengthPrefixed, text as textCodec } from '@p2p/framing'
import { describe, expect, it } from 'vitest'
import { createDaemon, listen, request } from '../src/pipe.ts'
import {
  bound,
  bytes,
  client,
  closing,
  coded,
  overTcp,
  overTls,
  pair,
  server,
  text,
} from './pipe-fixtures.ts'
import { turn, VirtualClock } from './virtual-clock.ts'

const options = { framing: lengthPrefixed(), codec: textCodec() }

/** What P2PD's pipes and daemons do wrong, as found in its source and by running it; each is not so here. */
describe('defects of P2PD that are not here', () => {
  it('awaiting a server before a client comes gives the same client again', async () => {
    const host = await server()
    const [first, second] = [host.accept(), host.accept()]
    const one = await client(host.address)
    expect((await first).remote).toBe(one.local)
    const other = await client(host.address)
    expect((await second).remote).toBe(other.local)
  })

  it('a pending recv is not woken by close', async () => {
    const { near, far } = await pair(overTcp)
    far.on('message', () => undefined)
    const waiting = expect(near.recv({ timeout: Infinity })).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    await near.close()
    await waiting
  })

  it('a pending recv waits its whole time when the other end has closed', async () => {
    const { near, far } = await pair(overTcp)
    const waiting = expect(near.recv({ timeout: Infinity })).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    await far.close()
    await waiting
  })

  it('send and the pipe do not notice that the other end has closed', async () => {
    const { near, far } = await pair(overTcp)
    near.on('message', () => undefined)
    await far.close()
    expect(await near.closed).toEqual({ by: 'remote' })
    expect(near.send(bytes('?'))).toBe(false)
    await expect(near.drained()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
  })

  it('listening to the end after it raises an error', async () => {
    const { near, far } = await pair(overTcp)
    await Promise.all([near.close(), far.close()])
    const info = await new Promise(resolve => near.on('close', resolve))
    expect(info).toEqual({ by: 'local' })
    expect(await near.closed).toEqual({ by: 'local' })
  })

  it('subscribing after the end is silent, and recv gives nothing', async () => {
    const { near, far } = await pair(overTcp)
    await Promise.all([near.close(), far.close()])
    expect(() => near.subscribe(/x/)).toThrow(coded('P2P_PIPE_CLOSED'))
    await expect(near.recv()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    await expect(near.recv({ timeout: 0 })).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
  })

  it('what came before the end is lost with it', async () => {
    const { near, far } = await pair<string>(overTcp, options)
    const seen = far.subscribe()
    near.send('last words')
    await Promise.all([near.close(), far.closed])
    expect((await seen.recv()).data).toBe('last words')
    await expect(seen.recv()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
  })

  it('a recv that has waited in vain gives None', async () => {
    const clock = new VirtualClock()
    const { near } = await pair(overTcp, { clock })
    const waiting = expect(near.recv()).rejects.toThrow(coded('P2P_TIMEOUT'))
    await clock.advance(10_000)
    await waiting
  })

  it('a timeout of 0 waits for two seconds', async () => {
    const clock = new VirtualClock()
    const { near } = await pair(overTcp, { clock })
    const waiting = expect(near.recv({ timeout: 0 })).rejects.toThrow(coded('P2P_TIMEOUT'))
    await clock.advance(0)
    await waiting
    expect(clock.monotonic()).toBe(0)
  })

  it('a recv cannot be given up', async () => {
    const { near } = await pair(overTcp)
    const stop = new AbortController()
    const waiting = expect(near.recv({ signal: stop.signal })).rejects.toThrow(coded('P2P_ABORTED'))
    stop.abort()
    await waiting
  })

  it('a message that came before the first subscription of an accepted client is lost', async () => {
    const { near, far } = await pair<string>(overTcp, options)
    near.send('early')
    for (let count = 0; count < 5; count++) await turn()
    expect((await far.subscribe().recv()).data).toBe('early')
  })

  it('an error of connecting is None', async () => {
    const gone = await listen('tcp://127.0.0.1:0')
    await gone.close()
    await expect(client(gone.address)).rejects.toThrow(coded('P2P_CONNECTION_REFUSED'))
  })

  it('a taken port gives an empty list', async () => {
    const taken = await server()
    const daemon = closing(createDaemon())
    await expect(daemon.listen(taken.address)).rejects.toThrow(coded('P2P_NO_TARGET'))
    const reports = await daemon.listen([taken.address, 'tcp://127.0.0.1:0'])
    expect(reports.map(({ error }) => error)).toEqual([coded('P2P_ADDRESS_IN_USE'), undefined])
  })

  it('a request that gets no reply is never sent again', async () => {
    const clock = new VirtualClock()
    const far = await bound()
    let heard = 0
    far.on('message', message => {
      // The first three are lost.
      if (++heard === 4) message.reply(message.data)
    })
    const near = await bound('udp://127.0.0.1:0', { clock })
    const reply = request(near, bytes('id question'), { to: far.local, reply: bytes('id') })
    for (const [index, pause] of [500, 1_000, 2_000].entries()) {
      while (heard <= index) await turn()
      await clock.advance(pause - 1)
      expect(heard).toBe(index + 1)
      await clock.advance(1)
    }
    expect(text((await reply).data)).toBe('id question')
  })

  it('the subscription of a request is never removed', async () => {
    const far = await bound()
    far.on('message', message => message.reply(message.data))
    const near = await bound()
    await request(near, bytes('id'), { to: far.local, reply: bytes('id') })
    // Nobody wants it any more, so it is counted.
    const all = near.subscribe(/never/)
    near.send(bytes('id'), far.local)
    while (near.unclaimed === 0) await turn()
    all.unsubscribe()
  })

  it('a full queue says nothing of what it drops', async () => {
    const { near, far } = await pair<string>(overTcp, options)
    const [small, all] = [far.subscribe(undefined, { limit: 1 }), far.subscribe()]
    near.send('1')
    near.send('2')
    await all.recv()
    await all.recv()
    expect([(await small.recv()).data, small.dropped]).toEqual(['2', 1])
  })

  it('certificates are not looked at', async () => {
    const { near, host } = await pair(overTls)
    await near.close()
    await expect(client(host.address)).rejects.toThrow(coded('P2P_CERTIFICATE_REFUSED'))
  })

  it('an ICMP unreachable kills the socket', async () => {
    const gone = await bound()
    await gone.close()
    const near = await client(gone.local)
    const error = new Promise<Error>(resolve => near.on('error', resolve))
    near.send(bytes('?'))
    expect(await error).toEqual(coded('P2P_CONNECTION_REFUSED'))
    const back = await bound(gone.local)
    near.send(bytes('again'))
    expect(text((await back.recv()).data)).toBe('again')
  })
})
