import { json, lengthPrefixed, text as textCodec } from '@p2p/framing'
import { connect as connectSocket } from 'node:net'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { createMemoryNetwork } from '../src/memory.ts'
import { createDaemon, type Daemon, type DaemonOptions, group, messages, type Refusal } from '../src/pipe.ts'
import { parseTcpAddress } from '../src/tcp.ts'
import { parseUdpAddress } from '../src/udp.ts'
import { bytes, client, closing, coded, event, text } from './pipe-fixtures.ts'
import { turn, VirtualClock } from './virtual-clock.ts'

const framing = lengthPrefixed()
const string = { codec: textCodec() }

const daemon = <T = Uint8Array>(options: DaemonOptions<T> = {}): Daemon<T> =>
  closing(createDaemon<T>(options))

/** One that listens at one address. */
const listening = async <T = Uint8Array>(options: DaemonOptions<T> = {}, at: 'tcp' | 'udp' = 'tcp') => {
  const made = daemon<T>(options)
  const [report] = await made.listen(`${at}://127.0.0.1:0`)
  if (report?.address === undefined) throw report?.error ?? new Error('no report')
  return { host: made, address: report.address }
}

const until = async (condition: () => boolean) => {
  while (!condition()) await turn()
}

describe('a daemon', () => {
  it('is an echo server on TCP and UDP, IPv4 and IPv6, and two ports', async () => {
    const echo = daemon()
    echo.on('message', message => message.reply(message.data))
    const hosts = ['127.0.0.1', '::1']
    const reports = await echo.listen({ hosts, ports: [0, 0], protocols: ['tcp', 'udp'] })
    expect(reports).toHaveLength(8)
    for (const { address } of reports) {
      if (address === undefined) throw new Error('does not listen')
      const pipe = await client(address, { framing })
      pipe.send(bytes(address))
      expect(text((await pipe.recv()).data)).toBe(address)
    }
    expect(new Set(echo.addresses)).toEqual(new Set(reports.map(({ address }) => address)))
  })

  it('listens at both families of one port, and a range of ports', async () => {
    const host = daemon()
    const [first] = await host.listen('tcp://127.0.0.1:0')
    const { port } = parseTcpAddress(first?.address ?? 'tcp://')
    await host.close()
    const again = daemon()
    const reports = await again.listen({ ports: [[port, port]], protocols: ['tcp', 'udp'] })
    expect(reports.map(({ address }) => address)).toEqual([
      `tcp://0.0.0.0:${port}`,
      `udp://0.0.0.0:${port}`,
      `tcp://[::]:${port}`,
      `udp://[::]:${port}`,
    ])
  })

  it('reports an address or an error for each target', async () => {
    const host = daemon()
    const reports = await host.listen([
      { hosts: ['127.0.0.1', '::1', 'localhost'], ports: [0], families: 4 },
      { hosts: [{ nicIps: ['127.0.0.2'] }], ports: [0], protocols: ['udp'] },
      'tcp://192.0.2.1:0',
      'gopher://127.0.0.1:70',
      { hosts: ['no such host'], ports: [1] },
    ])
    expect(reports.map(({ address, error }) => address?.replace(/\d+$/, '') ?? error)).toEqual([
      'tcp://127.0.0.1:',
      'udp://127.0.0.2:',
      coded('P2P_ADDRESS_NOT_AVAILABLE'),
      coded('P2P_NO_TRANSPORT'),
      coded('P2P_BAD_ADDRESS'),
    ])
  })

  it('throws when it listens nowhere, with all reasons', async () => {
    const host = daemon()
    const failure = host.listen(['tcp://192.0.2.1:0', 'udp://192.0.2.1:0'])
    await expect(failure).rejects.toThrow(coded('P2P_NO_TARGET'))
    const errors = await failure.catch(
      (error: unknown) => ((error as Error).cause as AggregateError).errors as unknown[],
    )
    expect(errors).toEqual([coded('P2P_ADDRESS_NOT_AVAILABLE'), coded('P2P_ADDRESS_NOT_AVAILABLE')])
    await expect(host.listen({ ports: [[1, 65_535]] })).rejects.toThrow(RangeError)
    await expect(host.listen({ ports: [[2, 1]] })).rejects.toThrow(RangeError)
    await expect(host.listen({ hosts: ['127.0.0.1'], ports: [1], families: 6 })).rejects.toThrow(RangeError)
    await expect(host.dialAll([])).rejects.toThrow(RangeError)
    await expect(host.dialAll(['udp://127.0.0.1:0', 'gopher://x'])).rejects.toThrow(coded('P2P_NO_TARGET'))
  })

  it('dials too, and is the same to both sides', async () => {
    const { host, address } = await listening(string)
    const other = daemon(string)
    const peer = await other.dial(address)
    expect(peer.address).toBe(address)
    expect(other.peer(address)).toBe(peer)
    await until(() => host.peers.size === 1)
    host.send('to all')
    expect(await other.recv()).toMatchObject({ data: 'to all', from: address })
    expect(other.send('to one', address)).toBe(1)
    const message = await host.recv()
    expect(message.data).toBe('to one')
    expect(host.peer(message.pipe)?.address).toBe(message.from)
  })

  it('reports what became of each address that it dials', async () => {
    const { address } = await listening()
    const gone = await listening()
    await gone.host.close()
    const reports = await daemon().dialAll([address, gone.address])
    expect(reports.map(({ peer, error }) => peer?.address ?? error)).toEqual([
      address,
      coded('P2P_CONNECTION_REFUSED'),
    ])
  })

  it('says who comes and who leaves, and why', async () => {
    const { host, address } = await listening()
    const came = event<[{ address: string }]>(host, 'peer')
    const left = event<[{ address: string }, object]>(host, 'leave')
    const pipe = await client(address, { framing })
    expect((await came)[0].address).toBe(pipe.local)
    pipe.on('message', () => undefined)
    await pipe.close()
    expect(await left).toMatchObject([{ address: pipe.local }, { by: 'remote' }])
    expect(host.peers.size).toBe(0)
  })

  it('sends to nobody whom it does not know', async () => {
    const { host } = await listening(string)
    expect(() => host.send('x', 'tcp://127.0.0.1:9')).toThrow(coded('P2P_UNKNOWN_PEER'))
    expect(host.send('x')).toBe(0)
    expect(() => host.sendFrame('x' as never)).toThrow(TypeError)
  })

  it('sends what is encoded already', async () => {
    const { host, address } = await listening(string)
    const pipe = await client(address, { framing, ...string })
    await until(() => host.peers.size === 1)
    expect(host.sendFrame(bytes('encoded'))).toBe(1)
    expect((await pipe.recv()).data).toBe('encoded')
  })

  it('handles messages by their type, which TypeScript knows', async () => {
    const codec = messages({ say: String, add: (value: unknown) => (value as number[]).map(Number) }, json())
    const { host, address } = await listening({ codec })
    const seen: unknown[] = []
    host.handle('say', data => {
      expectTypeOf(data).toBeString()
      seen.push(`first ${data}`)
    })
    host.handle('add', (data, message) => {
      expectTypeOf(data).toEqualTypeOf<number[]>()
      message.reply({ type: 'say', data: String(data.reduce((sum, one) => sum + one, 0)) })
    })
    // @ts-expect-error -- no message has this type
    host.handle('other', () => undefined)
    const pipe = await client(address, { framing, codec })
    pipe.send({ type: 'say', data: 'a' })
    pipe.send({ type: 'add', data: [1, 2] })
    expect((await pipe.recv()).data).toEqual({ type: 'say', data: '3' })
    const second = host.handle('say', data => void seen.push(`only ${data}`), { exclusive: true })
    pipe.send({ type: 'say', data: 'b' })
    pipe.send({ type: 'add', data: [] })
    await pipe.recv()
    second[Symbol.dispose]()
    pipe.send({ type: 'say', data: 'c' })
    pipe.send({ type: 'add', data: [] })
    await pipe.recv()
    expect(seen).toEqual(['first a', 'only b'])
  })

  it('is pulled from: recv, for await, subscribe', async () => {
    const { host, address } = await listening(string)
    const pipe = await client(address, { framing, ...string })
    pipe.send('early')
    await until(() => host.size === 1)
    const wanted = host.subscribe(/^b/)
    const first = await host.recv()
    expect(first.data).toBe('early')
    pipe.send('a')
    pipe.send('b')
    const seen: string[] = []
    for await (const { data, from } of host) {
      expect(from).toBe(pipe.local)
      if (seen.push(data) === 2) break
    }
    expect(seen).toEqual(['a', 'b'])
    expect((await wanted.recv()).data).toBe('b')
  })

  it('holds peers back while nobody takes their messages', async () => {
    const { host, address } = await listening({ inbox: { limit: 5 } })
    const pipe = await client(address, { framing })
    const block = new Uint8Array(65_536)
    let sent = 1
    while (pipe.send(block.slice())) if (sent++ % 16 === 0) await turn()
    expect(host.size).toBeLessThanOrEqual(6)
    let got = 0
    for await (const _ of host) if (++got === sent) break
    expect(host.dropped).toBe(0)
  })

  it('handles the messages of one peer one after another, those of others meanwhile', async () => {
    const { host, address } = await listening(string)
    const events: string[] = []
    const releases = new Map<string, () => void>()
    host.on('message', async ({ data }) => {
      events.push(`begin ${data}`)
      await new Promise<void>(resolve => releases.set(data, resolve))
      events.push(`end ${data}`)
    })
    const [one, other] = [
      await client(address, { framing, ...string }),
      await client(address, { framing, ...string }),
    ]
    one.send('1a')
    one.send('1b')
    await until(() => events.length === 1)
    other.send('2a')
    await until(() => events.length === 2)
    expect(events).toEqual(['begin 1a', 'begin 2a'])
    releases.get('1a')?.()
    await until(() => events.length === 4)
    expect(events).toEqual(['begin 1a', 'begin 2a', 'end 1a', 'begin 1b'])
    for (const release of releases.values()) release()
  })

  it('calls handlers in line that want it so (no_async)', async () => {
    const { host, address } = await listening(string)
    const events: string[] = []
    const forever = new Promise(() => undefined)
    host.on('message', ({ data }) => (events.push(data), forever), { inline: true })
    const pipe = await client(address, { framing, ...string })
    pipe.send('a')
    pipe.send('b')
    await until(() => events.length === 2)
    expect(events).toEqual(['a', 'b'])
  })

  it('lives on when a handler throws or rejects, and tells', async () => {
    const { host, address } = await listening(string)
    const errors: Error[] = []
    host.on('error', error => errors.push(error))
    host.on('message', () => {
      throw new Error('sync')
    })
    host.on('message', async () => Promise.reject(new Error('async')))
    host.on('message', message => message.reply('still here'))
    const pipe = await client(address, { framing, ...string })
    pipe.send('1')
    await pipe.recv()
    pipe.send('2')
    await pipe.recv()
    await until(() => errors.length === 4)
    expect(errors).toEqual(errors.map(() => coded('P2P_HANDLER_FAILED')))
  })

  it('loses only the peer that sends what it should not', async () => {
    const { host, address } = await listening({ codec: json() })
    host.on('message', message => message.reply(message.data))
    const left = event<[{ address: string }, { error?: Error }]>(host, 'leave')
    const [bad, good] = [
      await client(address, { framing }),
      await client(address, { framing, codec: json() }),
    ]
    bad.send(bytes('{'))
    expect((await left)[1].error).toEqual(coded('P2P_NOT_DECODABLE'))
    good.send('fine')
    expect((await good.recv()).data).toBe('fine')
  })

  it('warns the process of the first error to which nobody listens', async () => {
    const { host, address } = await listening(string)
    const warning = new Promise<Error>(resolve => process.once('warning', resolve))
    host.on('message', () => {
      throw new Error('mine')
    })
    const pipe = await client(address, { framing, ...string })
    pipe.send('x')
    expect(await warning).toEqual(coded('P2P_HANDLER_FAILED'))
  })

  it('talks with programs that know nothing of us: four bytes of length, big-endian', async () => {
    const { host, address } = await listening()
    host.on('message', message => message.reply(message.data))
    const { host: name, port } = parseTcpAddress(address)
    const socket = connectSocket(port, name)
    socket.write(Uint8Array.of(0, 0, 0, 2, 104, 105))
    const answer = await new Promise<Buffer>(resolve => socket.once('data', resolve))
    expect([...answer]).toEqual([0, 0, 0, 2, 104, 105])
    socket.destroy()
  })

  it('closes all that it has, and refuses what comes after', async () => {
    const clock = new VirtualClock()
    const { host, address } = await listening({ clock })
    host.on('tick', () => undefined)
    const pipe = await client(address, { framing })
    pipe.on('message', () => undefined)
    await until(() => host.peers.size === 1)
    const waiting = expect(host.recv({ timeout: Infinity })).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    await host.close()
    await host.close()
    await waiting
    expect(await host.closed).toEqual({ by: 'local' })
    expect((await pipe.closed).by).toBe('remote')
    expect([host.peers.size, host.addresses.length, clock.pending]).toEqual([0, 0, 0])
    await expect(client(address)).rejects.toThrow(coded('P2P_CONNECTION_REFUSED'))
    await expect(host.dial(address)).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    await expect(host.listen(address)).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    expect(() => host.subscribe(/x/)).toThrow(coded('P2P_PIPE_CLOSED'))
  })

  it('tells a logger', async () => {
    const lines: string[] = []
    const log = (line: string) => void lines.push(line)
    const { host, address } = await listening({ logger: { debug: log, warn: log } })
    const pipe = await client(address, { framing })
    pipe.on('message', () => undefined)
    await until(() => host.peers.size === 1)
    await pipe.close()
    await until(() => host.peers.size === 0)
    expect(lines).toEqual([`listens at ${address}`, `${pipe.local} is here`, `${pipe.local} has left`])
  })
})

describe('admission', () => {
  it('refuses at accept, sync or async, by saying no or failing; a refusal is told', async () => {
    const refusals: Refusal[] = []
    let verdict: () => boolean | Promise<boolean> = () => false
    const { host, address } = await listening({ ...string, admit: () => verdict() })
    host.on('refused', refusal => refusals.push(refusal))
    const verdicts = [
      () => false,
      async () => Promise.resolve(false),
      () => {
        throw new Error('broken')
      },
    ]
    for (const [index, next] of verdicts.entries()) {
      verdict = next
      const pipe = await client(address, { framing, ...string }).catch(() => undefined)
      await until(() => refusals.length === index + 1)
      await pipe?.closed
    }
    expect(refusals).toMatchObject([
      { stage: 'accept', error: { code: 'P2P_NOT_ADMITTED' } },
      { stage: 'accept', error: { code: 'P2P_NOT_ADMITTED' } },
      { stage: 'accept', error: { code: 'P2P_ADMISSION_FAILED' } },
    ])
    verdict = () => true
    const pipe = await client(address, { framing, ...string })
    pipe.send('in')
    expect((await host.recv()).data).toBe('in')
  })

  it.each(['tcp', 'udp'] as const)('over %s keeps what came while it was pending', async at => {
    let decide: ((admitted: boolean) => void) | undefined
    const { host, address } = await listening(
      {
        ...string,
        admit: ({ stage }) => stage === 'message' || new Promise<boolean>(resolve => (decide = resolve)),
      },
      at,
    )
    const pipe = await client(address, { framing, ...string })
    pipe.send('early')
    await until(() => decide !== undefined)
    expect(host.peers.size).toBe(0)
    decide?.(true)
    expect((await host.recv()).data).toBe('early')
  })

  it('refuses to dial', async () => {
    const { address } = await listening()
    const picky = daemon({ admit: ({ stage }) => stage !== 'dial' })
    await expect(picky.dial(address)).rejects.toThrow(coded('P2P_NOT_ADMITTED'))
    expect(picky.peers.size).toBe(0)
  })

  it('refuses single messages, in order', async () => {
    const { host, address } = await listening({
      ...string,
      admit: ({ message }) =>
        message === undefined || (message.data === 'slow' ? turn().then(() => true) : message.data !== 'bad'),
    })
    const refused = event<[Refusal]>(host, 'refused')
    const pipe = await client(address, { framing, ...string })
    for (const word of ['slow', 'bad', 'good']) pipe.send(word)
    expect([(await host.recv()).data, (await host.recv()).data]).toEqual(['slow', 'good'])
    expect((await refused)[0]).toMatchObject({ stage: 'message', address: pipe.local })
  })

  it('ends at the greatest number of peers', async () => {
    const { host, address } = await listening({ maxPeers: 1 }, 'udp')
    const refused = event<[Error]>(host, 'error')
    const [one, other] = [await client(address), await client(address)]
    one.send(bytes('1'))
    await until(() => host.peers.size === 1)
    other.send(bytes('2'))
    expect((await refused)[0]).toEqual(coded('P2P_PEER_LIMIT'))
    await expect(host.dial('udp://127.0.0.1:9')).rejects.toThrow(coded('P2P_PEER_LIMIT'))
    expect(() => createDaemon({ maxPeers: 0 })).toThrow(RangeError)
  })
})

describe('peers that are silent', () => {
  it('are dropped after the time-out; who only listens and is alive is not', async () => {
    const clock = new VirtualClock()
    const network = createMemoryNetwork({ clock })
    const options = { clock, transports: [network.transport()] }
    const host = daemon(options)
    await host.listen('memory://host')
    const listener = daemon(options)
    listener.on('message', () => undefined)
    await listener.dial('memory://host')
    const silent = await client('memory://host', { framing, ...options })
    silent.on('message', () => undefined)
    await until(() => host.peers.size === 2)
    const left = event<[{ address: string }, { error?: Error }]>(host, 'leave')
    for (let second = 0; second < 13; second++) await clock.advance(1_000)
    const [peer, info] = await left
    expect(peer.address).toBe(silent.local)
    expect(info.error).toEqual(coded('P2P_IDLE_PEER'))
    for (let second = 0; second < 30; second++) await clock.advance(1_000)
    expect(host.peers.size).toBe(1)
    expect(listener.size).toBe(0)
  })

  it('over UDP are forgotten', async () => {
    const clock = new VirtualClock()
    const { host, address } = await listening({ clock }, 'udp')
    const pipe = await client(address)
    pipe.send(bytes('once'))
    await until(() => host.peers.size === 1)
    await clock.advance(12_500)
    expect(host.peers.size).toBe(0)
  })
})

describe('ticks', () => {
  it('come at whole intervals, however late they are told', async () => {
    const clock = new VirtualClock()
    const host = daemon({ clock, tickInterval: 100 })
    const at: [number, number][] = []
    const listening = host.on('tick', elapsed => void at.push([clock.monotonic(), elapsed]))
    await clock.advance(250)
    expect(at).toEqual([
      [100, 100],
      [200, 100],
    ])
    await clock.advance(50)
    expect(at[2]).toEqual([300, 100])
    listening[Symbol.dispose]()
  })

  it('that are late by whole intervals are left out, and the next is on time', async () => {
    const clock = new VirtualClock()
    let late = 0
    const slow = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + late,
      after: (delay: number, callback: () => void) => clock.after(delay, callback),
    }
    const host = daemon({ clock: slow, tickInterval: 100 })
    const elapsed: number[] = []
    host.on('tick', time => void elapsed.push(time))
    await clock.advance(100)
    late = 230
    await clock.advance(100)
    // At 430 now: the next beat is at 500.
    await clock.advance(69)
    expect(elapsed).toEqual([100, 330])
    await clock.advance(1)
    expect(elapsed).toEqual([100, 330, 70])
  })
})

describe('peers that do not read', () => {
  const full = async (host: Daemon) => {
    const block = new Uint8Array(65_536)
    while (host.send(block) === host.peers.size) await turn()
  }

  it('have their messages dropped at the mark and counted, and harm nobody else', async () => {
    const { host, address } = await listening({ peerQueue: 100_000 })
    const slow = await client(address, { framing })
    const told = event<[{ address: string }]>(host, 'slow')
    await until(() => host.peers.size === 1)
    await full(host)
    expect((await told)[0].address).toBe(slow.local)
    const good = await client(address, { framing })
    let got = 0
    good.on('message', () => {
      got++
    })
    await until(() => host.peers.size === 2)
    for (let count = 1; count <= 20; count++) {
      expect(host.send(new Uint8Array(65_536))).toBe(1)
      await until(() => got === count)
    }
    const peer = host.peer(slow.local)
    expect(peer?.dropped).toBe(21)
    expect(peer?.pipe.queued).toBeLessThanOrEqual(100_000)
  })

  it('are disconnected, if that is wanted', async () => {
    const { host, address } = await listening({ slowPeers: 'disconnect' })
    await client(address, { framing })
    const left = event<[object, { error?: Error }]>(host, 'leave')
    await until(() => host.peers.size === 1)
    const block = new Uint8Array(65_536)
    while (host.peers.size > 0) {
      host.send(block)
      await turn()
    }
    expect((await left)[1].error).toEqual(coded('P2P_SLOW_PEER'))
  })

  it('and a message that one peer cannot have at all: the others get it', async () => {
    const host = daemon()
    const reports = await host.listen({ hosts: ['127.0.0.1'], ports: [0], protocols: ['tcp', 'udp'] })
    const [stream, datagrams] = await Promise.all(
      reports.map(({ address }) => client(address ?? 'tcp://', { framing })),
    )
    datagrams?.send(bytes('hello'))
    await until(() => host.peers.size === 2)
    const error = event<[Error]>(host, 'error')
    expect(host.send(new Uint8Array(70_000))).toBe(1)
    expect((await error)[0]).toEqual(coded('P2P_DATAGRAM_TOO_LONG'))
    expect((await stream?.recv())?.size).toBe(70_000)
    const there = datagrams?.local ?? 'udp://'
    expect(() => host.send(new Uint8Array(70_000), there)).toThrow(coded('P2P_DATAGRAM_TOO_LONG'))
    expect(parseUdpAddress(there).host).toBe('127.0.0.1')
  })
})

describe('a group', () => {
  it('puts several behind one set of handlers, nests, and says whence a message came', async () => {
    const one = await listening(string, 'tcp')
    const two = await listening(string, 'udp')
    const inner = group([two.host])
    const outer = closing(group([one.host, inner]))
    outer.on('message', message => message.reply(`to ${message.from.slice(0, 3)}: ${message.data}`))
    for (const { address } of [one, two]) {
      const pipe = await client(address, { framing, ...string })
      pipe.send('hello')
      expect((await pipe.recv()).data).toBe(`to ${address.slice(0, 3)}: hello`)
    }
    expect(outer.members).toEqual(new Set([one.host, inner]))
  })

  it('sends to all, or to one of somebody', async () => {
    const [one, two] = [await listening(string), await listening(string)]
    const both = closing(group([one.host, group([two.host])]))
    const pipes = [
      await client(one.address, { framing, ...string }),
      await client(two.address, { framing, ...string }),
    ]
    await until(() => one.host.peers.size + two.host.peers.size === 2)
    expect(both.send('all')).toBe(2)
    for (const pipe of pipes) expect((await pipe.recv()).data).toBe('all')
    const second = pipes[1]
    expect(both.send('you', second?.local)).toBe(1)
    expect((await second?.recv())?.data).toBe('you')
    expect(() => both.send('x', 'tcp://127.0.0.1:9')).toThrow(coded('P2P_UNKNOWN_PEER'))
  })

  it('leaves the handlers of its members their messages, or takes them alone', async () => {
    const { host, address } = await listening(string)
    const seen: string[] = []
    host.on('message', ({ data }) => void seen.push(`member ${data}`))
    const shared = group([host])
    shared.on('message', ({ data }) => void seen.push(`shared ${data}`))
    const pipe = await client(address, { framing, ...string })
    pipe.send('1')
    await until(() => seen.length === 2)
    shared.remove(host)
    const alone = group([host], { exclusive: true })
    alone.on('message', ({ data }) => void seen.push(`alone ${data}`))
    pipe.send('2')
    await until(() => seen.length === 3)
    alone.remove(host)
    pipe.send('3')
    await until(() => seen.length === 4)
    expect(seen).toEqual(['member 1', 'shared 1', 'alone 2', 'member 3'])
  })

  it('closes with all members, and loses one that closes by itself', async () => {
    const [one, two] = [await listening(), await listening()]
    const both = group([one.host, two.host])
    await one.host.close()
    expect(both.members.size).toBe(1)
    await both.close()
    await two.host.closed
    expect(() => both.add(one.host)).toThrow(coded('P2P_PIPE_CLOSED'))
    await expect(both.recv()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
  })
})
