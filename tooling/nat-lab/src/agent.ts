/** What runs on a host: it reads commands, one line of JSON each, and answers each with one line. */
import { createInterface } from 'node:readline'
import { connect, createServer } from 'node:net'
import type { Address } from '@p2p/interfaces'
import { Interface } from '@p2p/network'
import { detectNat, type NatReport } from '@p2p/network/nat'
import { mapPort, type MappingProtocol, type PortMapping } from '@p2p/network/port-mapping'
import { pinnedBy } from '@p2p/transport'
import { connect as open } from '@p2p/transport/pipe'
import { tcp } from '@p2p/transport/tcp'
import { udp } from '@p2p/transport/udp'
import { punch, type Punched, type PunchOffer, type PunchTransport } from '@p2p/network/punch'

/** What a host is told to do. */
export type Command =
  | { readonly type: 'detect'; readonly server: string }
  | {
      readonly type: 'punch'
      readonly server: string
      readonly transport: PunchTransport
      readonly nat: NatReport | undefined
    }
  | { readonly type: 'offer'; readonly offer: PunchOffer }
  /** Listens at a port, and has the router map it. */
  | {
      readonly type: 'map'
      readonly protocol: MappingProtocol
      readonly port: number
      readonly lifetime: number
    }
  | { readonly type: 'unmap' }
  /** Dials there over the route of an interface, or without one. `timeout` in milliseconds. */
  | {
      readonly type: 'via'
      readonly name: string | undefined
      readonly to: Address
      readonly timeout: number
    }
  /** Listens at the link-local address of an interface. */
  | { readonly type: 'via link-local'; readonly name: string }
  /** Tells whoever dials that port, over TCP and UDP, as whom it is seen; until it is to fall silent. */
  | { readonly type: 'answer'; readonly port: number }
  | { readonly type: 'fall silent' }
  /** Whether somebody answers there over TCP. */
  | { readonly type: 'dial'; readonly address: string; readonly port: number }

/** What a host answers. */
export type Answer =
  /** It has started, and reads commands. */
  | { readonly type: 'ready' }
  | { readonly type: 'report'; readonly report: NatReport }
  | { readonly type: 'offer'; readonly offer: PunchOffer }
  | { readonly type: 'mapped'; readonly address: string; readonly port: number }
  | { readonly type: 'unmapped' }
  | { readonly type: 'dialled'; readonly isOpen: boolean }
  | { readonly type: 'done' }
  /** As whom we were seen, and what holds our end to its interface. */
  | { readonly type: 'came'; readonly from: string; readonly pinned: string }
  | { readonly type: 'punched'; readonly path: string; readonly remote: string; readonly ms: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly ms: number }

const say = (answer: Answer) => process.stdout.write(`${JSON.stringify(answer)}\n`)

let theirs: ((offer: PunchOffer) => void) | undefined

/** Milliseconds until a path that was punched must have carried a message. */
const useTimeout = 10_000

/** One message of each over the path that was punched, then it is closed. */
const use = async (path: Punched): Promise<void> => {
  const heardIn = async (heard: Promise<void>) => {
    const late = new Error('the path was proven, and carries nothing')
    let deadline: NodeJS.Timeout | undefined
    const over = new Promise<never>((_, reject) => {
      deadline = setTimeout(() => reject(late), useTimeout)
    })
    await Promise.race([heard, over]).finally(() => clearTimeout(deadline))
  }
  const hello = new TextEncoder().encode('hello')
  const said = (bytes: Uint8Array | undefined) => bytes !== undefined && Buffer.from(bytes).includes('hello')
  if (path.transport === 'tcp') {
    const heard = new Promise<void>((resolve, reject) => {
      path.socket.onData(bytes => {
        if (said(bytes)) resolve()
        else if (bytes === undefined) reject(new Error('the connection ended'))
      })
    })
    path.socket.write(hello)
    await heardIn(heard)
    // The other side must have heard it too before this one is gone
    await new Promise(resolve => setTimeout(resolve, 50))
  } else {
    const heard = new Promise<void>(resolve => {
      path.socket.onMessage(bytes => {
        if (said(bytes)) resolve()
      })
    })
    const send = () => void path.socket.send(hello, path.remote)
    const sending = setInterval(send, 10)
    send()
    try {
      await heardIn(heard)
      await new Promise(resolve => setTimeout(resolve, 50))
    } finally {
      clearInterval(sending)
    }
  }
  await path.socket.close()
}

let mapping: PortMapping | undefined
let answering: readonly { close(): Promise<void> }[] = []

/** Tells everybody as whom they are seen. */
const answerAt = async (port: number) => {
  const said = (from: string) => new TextEncoder().encode(from)
  const socket = await udp().bind(`udp://0.0.0.0:${port}`)
  socket.onDatagram((_, from) => socket.send(said(from), from))
  const listener = await tcp().listen(`tcp://0.0.0.0:${port}`, connection => {
    connection.onData(() => undefined)
    connection.write(said(connection.remote))
    void connection.close()
  })
  answering = [socket, listener]
}

const hostIn = (address: string) =>
  /:\/\/\[?(?<host>[^\]]*)\]?:\d+$/.exec(address)?.groups?.['host'] ?? address

/** Asks as whom we are seen, over a route. */
const seenVia = async (name: string | undefined, to: Address, timeout: number) => {
  const via = name === undefined ? {} : { via: (await Interface.open({ name })).route(4) }
  const pipe = await open(to, { ...via, timeout })
  try {
    if (to.startsWith('udp')) pipe.send(Uint8Array.of(0))
    const { data } = await pipe.recv({ timeout })
    const from = hostIn(new TextDecoder().decode(data))
    say({ type: 'came', from, pinned: pinnedBy(pipe.local) })
  } finally {
    await pipe.close()
  }
}

/** Listens at an address that means something on one interface only. */
const listenNear = async (name: string) => {
  const route = (await Interface.open({ name })).route(6)
  const listener = await tcp({ via: route }).listen('tcp://[::]:0', () => undefined)
  say({ type: 'came', from: hostIn(listener.address), pinned: pinnedBy(listener.address) })
  await listener.close()
}

const dial = (host: string, port: number) =>
  new Promise<boolean>(resolve => {
    const socket = connect({ host, port, timeout: 1_000 })
    const end = (isOpen: boolean) => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.on('connect', () => end(true))
    socket.on('error', () => end(false))
    socket.on('timeout', () => end(false))
  })

const obey = async (command: Command): Promise<void> => {
  if (command.type === 'offer') {
    theirs?.(command.offer)
    return
  }
  const begin = performance.now()
  try {
    if (command.type === 'detect') {
      say({ type: 'report', report: await detectNat({ servers: [command.server] }) })
      return
    }
    if (command.type === 'map') {
      const { port, protocol, lifetime } = command
      createServer(socket => socket.end()).listen(port)
      mapping = await mapPort({ transport: 'tcp', port, lifetime, protocols: [protocol] })
      say({ type: 'mapped', address: mapping.external.address, port: mapping.external.port })
      return
    }
    if (command.type === 'unmap') {
      await mapping?.close()
      say({ type: 'unmapped' })
      return
    }
    if (command.type === 'answer') {
      await answerAt(command.port)
      say({ type: 'done' })
      return
    }
    if (command.type === 'fall silent') {
      await Promise.all(answering.map(each => each.close()))
      say({ type: 'done' })
      return
    }
    if (command.type === 'via') {
      await seenVia(command.name, command.to, command.timeout)
      return
    }
    if (command.type === 'via link-local') {
      await listenNear(command.name)
      return
    }
    if (command.type === 'dial') {
      say({ type: 'dialled', isOpen: await dial(command.address, command.port) })
      return
    }
    const { server, transport, nat } = command
    const path = await punch({
      servers: [server],
      transports: [transport],
      ...(nat === undefined ? {} : { nat }),
      exchange: offer =>
        new Promise(resolve => {
          theirs = resolve
          say({ type: 'offer', offer })
        }),
    })
    await use(path)
    say({ type: 'punched', path: path.path, remote: path.remote.address, ms: path.ms })
  } catch (error) {
    const { message, code = '' } = error as Error & { code?: string }
    say({ type: 'failed', code, message, ms: Math.round(performance.now() - begin) })
  }
}

createInterface({ input: process.stdin }).on('line', line => void obey(JSON.parse(line) as Command))
say({ type: 'ready' })
