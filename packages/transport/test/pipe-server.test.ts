import { text as textCodec } from '@p2p/framing'
import { connect as connectSocket, createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import { fromConnection, type Pipe } from '../src/pipe.ts'
import { parseTcpAddress, tcp } from '../src/tcp.ts'
import { bytes, client, closing, coded, datagrams, event, server, streams, text } from './pipe-fixtures.ts'
import { turn, VirtualClock } from './virtual-clock.ts'

describe.each([...streams, ...datagrams])('a server for $name', ({ anywhere, transports }) => {
  it('accepts each client once and in order, whoever asked first', async () => {
    const options = { transports: transports() }
    const host = await server(anywhere, options)
    const early = [host.accept(), host.accept()]
    const clients: Pipe[] = []
    for (let count = 0; count < 4; count++) {
      const pipe = await client(host.address, options)
      pipe.send(Uint8Array.of(count))
      clients.push(pipe)
      // Clients of Unix sockets and of TLS may overtake each other.
      while (host.pipes.size <= count) await turn()
    }
    const accepted = [...(await Promise.all(early)), await host.accept(), await host.accept()]
    expect(new Set(accepted).size).toBe(4)
    const said = await Promise.all(accepted.map(async pipe => (await pipe.recv()).data[0]))
    expect(said).toEqual([0, 1, 2, 3])
  })

  it('is iterated over until it closes, which closes its pipes', async () => {
    const options = { transports: transports() }
    const host = await server(anywhere, options)
    const near = await client(host.address, options)
    near.send(bytes('hello'))
    const accepted: Pipe[] = []
    for await (const pipe of host) {
      accepted.push(pipe)
      pipe.on('message', () => undefined)
      near.on('message', () => undefined)
      void host.close()
    }
    expect(accepted).toHaveLength(1)
    expect((await accepted[0]?.closed)?.by).toBe('local')
    await host.closed
    expect(host.pipes.size).toBe(0)
    await expect(host.accept()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
  })
})

describe('a server', () => {
  it('hands all clients to who listens to them, those included that came before', async () => {
    const host = await server()
    const before = await client(host.address)
    while (host.pipes.size === 0) await turn()
    const seen: Pipe[] = []
    host.on('pipe', pipe => void seen.push(pipe))
    const after = await client(host.address)
    while (seen.length < 2) await turn()
    expect(seen.map(({ remote }) => remote)).toEqual([before.local, after.local])
  })

  it('wakes who waits for a client when it closes', async () => {
    const host = await server()
    const waiting = expect(host.accept()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    await host.close()
    await waiting
    await expect(host.accept({ signal: AbortSignal.abort() })).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
  })

  it('waits for a client as long as it is told', async () => {
    const clock = new VirtualClock()
    const host = await server('tcp://127.0.0.1:0', { clock })
    const waiting = expect(host.accept({ timeout: 50 })).rejects.toThrow(coded('P2P_TIMEOUT'))
    await clock.advance(50)
    await waiting
  })

  it('turns away who comes while as many as allowed wait, and lives on', async () => {
    const host = await server('tcp://127.0.0.1:0', { pendingLimit: 1 })
    const refused = event<[Error]>(host, 'error')
    const first = await client(host.address)
    // It may see the reset while it connects, or after.
    const second = client(host.address).then(
      pipe => pipe.recv(),
      (error: unknown) => Promise.reject(error as Error),
    )
    await expect(second).rejects.toThrow()
    expect((await refused)[0]).toEqual(coded('P2P_PENDING_LIMIT'))
    const accepted = await host.accept()
    accepted.send(bytes('you'))
    expect(text((await first.recv()).data)).toBe('you')
    await client(host.address)
    await host.accept()
  })

  it('lives on when who listens to clients throws or rejects', async () => {
    const host = closing(await server())
    const errors: Error[] = []
    host.on('error', error => errors.push(error))
    host.on('pipe', () => {
      throw new Error('sync')
    })
    host.on('pipe', async () => Promise.reject(new Error('async')))
    const last = event<[Pipe]>(host, 'pipe')
    await client(host.address)
    await last
    await turn()
    expect(errors).toEqual([coded('P2P_HANDLER_FAILED'), coded('P2P_HANDLER_FAILED')])
  })

  it('over UDP forgets who was silent, and knows it again when it comes back', async () => {
    const clock = new VirtualClock()
    const host = await server('udp://127.0.0.1:0', { clock, senderTimeout: 1_000, maxSenders: 1 })
    const near = await client(host.address)
    near.send(bytes('1'))
    const first = await host.accept()
    const refused = event<[Error]>(host, 'error')
    const other = await client(host.address)
    other.send(bytes('no room'))
    expect((await refused)[0]).toEqual(coded('P2P_PEER_LIMIT'))
    await clock.advance(1_250)
    expect(await first.closed).toEqual({ by: 'remote' })
    near.send(bytes('2'))
    const again = await host.accept()
    expect(again).not.toBe(first)
    expect(text((await again.recv()).data)).toBe('2')
  })

  it('talks with programs that know nothing of us', async () => {
    const host = await server('tcp://127.0.0.1:0', { codec: textCodec() })
    const { host: name, port } = parseTcpAddress(host.address)
    const socket = connectSocket(port, name)
    socket.write('hello')
    const pipe = await host.accept()
    expect((await pipe.recv()).data).toBe('hello')
    socket.end()
    await expect(pipe.recv()).rejects.toThrow(coded('P2P_PIPE_CLOSED'))
    expect(await pipe.closed).toEqual({ by: 'remote' })
  })

  it('is not needed for a connection that something else has made', async () => {
    const transport = tcp()
    const listener = await transport.listen('tcp://127.0.0.1:0', connection => {
      const pipe = closing(fromConnection(connection))
      pipe.on('message', message => message.reply(message.data))
    })
    const near = closing(fromConnection(await transport.dial(listener.address)))
    near.send(bytes('there and back'))
    expect(text((await near.recv()).data)).toBe('there and back')
    await listener.close()
  })

  it('refuses an address that is in use', async () => {
    const other = createServer()
    await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    await expect(server(`tcp://127.0.0.1:${port}`)).rejects.toThrow(coded('P2P_ADDRESS_IN_USE'))
    other.close()
  })
})
