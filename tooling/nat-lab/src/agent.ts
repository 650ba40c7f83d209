/** What runs on a host: it reads commands, one line of JSON each, and answers each with one line. */
import { createInterface } from 'node:readline'
import { connect, createServer } from 'node:net'
import { detectNat, type NatReport } from '@p2p/network/nat'
import { mapPort, type MappingProtocol, type PortMapping } from '@p2p/network/port-mapping'
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
  | { readonly type: 'punched'; readonly path: string; readonly remote: string; readonly ms: number }
  | { readonly type: 'failed'; readonly code: string; readonly message: string; readonly ms: number }

const say = (answer: Answer) => process.stdout.write(`${JSON.stringify(answer)}\n`)

let theirs: ((offer: PunchOffer) => void) | undefined

/** One message of each over the path that was punched, then it is closed. */
const use = async (path: Punched): Promise<void> => {
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
    await heard
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
    await heard
    await new Promise(resolve => setTimeout(resolve, 50))
    clearInterval(sending)
  }
  await path.socket.close()
}

let mapping: PortMapping | undefined

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
