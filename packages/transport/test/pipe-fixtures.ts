import type { Address } from '@p2p/interfaces'
import { afterEach, expect } from 'vitest'
import { createMemoryNetwork } from '../src/memory.ts'
import {
  type AnyTransport,
  bind,
  connect,
  type ConnectOptions,
  listen,
  type ListenOptions,
  type Pipe,
  type PipeServer,
} from '../src/pipe.ts'
import { tls, type TlsOptions } from '../src/tls.ts'
import { wss } from '../src/ws.ts'
import { certificate, credentials } from './certificates/credentials.ts'

export const coded = (code: string): unknown => expect.objectContaining({ code })
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
export const text = (data: Uint8Array): string => new TextDecoder().decode(data)

const open: AsyncDisposable[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(resource => resource[Symbol.asyncDispose]()))
})

/** Closes it after the test. */
export const closing = <R extends AsyncDisposable>(resource: R): R => {
  open.push(resource)
  return resource
}

/** One way from here to here. */
export interface Way {
  readonly name: string
  readonly anywhere: Address
  readonly transports: () => readonly AnyTransport[]
}

const none = () => []
export const secured: TlsOptions = { ...credentials('server'), ca: certificate('authority') }

export const overTcp: Way = { name: 'TCP over IPv4', anywhere: 'tcp://127.0.0.1:0', transports: none }
export const overTls: Way = { name: 'TLS', anywhere: 'tls://127.0.0.1:0', transports: () => [tls(secured)] }
export const overUdp: Way = { name: 'UDP over IPv4', anywhere: 'udp://127.0.0.1:0', transports: none }

export const streams: readonly Way[] = [
  overTcp,
  { name: 'TCP over IPv6', anywhere: 'tcp://[::1]:0', transports: none },
  overTls,
  { name: 'WebSocket', anywhere: 'ws://127.0.0.1:0/', transports: none },
  { name: 'WebSocket over TLS', anywhere: 'wss://127.0.0.1:0/', transports: () => [wss(secured)] },
  { name: 'a Unix socket', anywhere: 'unix://*', transports: none },
  { name: 'memory', anywhere: 'memory://*', transports: () => [createMemoryNetwork().transport()] },
]

export const datagrams: readonly Way[] = [
  overUdp,
  { name: 'UDP over IPv6', anywhere: 'udp://[::1]:0', transports: none },
]

export const server = async <T = Uint8Array>(
  address: Address = 'tcp://127.0.0.1:0',
  options: ListenOptions<T> = {},
): Promise<PipeServer<T>> => {
  const made = closing(await listen<T>(address, options))
  made.on('error', () => undefined)
  return made
}

export const client = async <T = Uint8Array>(
  address: Address,
  options: ConnectOptions<T> = {},
): Promise<Pipe<T>> => closing(await connect<T>(address, options))

export const bound = async <T = Uint8Array>(
  address: Address = 'udp://127.0.0.1:0',
  options: ConnectOptions<T> = {},
): Promise<Pipe<T>> => closing(await bind<T>(address, options))

/** Two ends of one pipe: the dialled one, and the accepted one, to which `hello` has been sent already if datagrams need it. */
export const pair = async <T = Uint8Array>(
  { anywhere, transports }: Way,
  options: ListenOptions<T> = {},
  hello?: T,
): Promise<{ readonly near: Pipe<T>; readonly far: Pipe<T>; readonly host: PipeServer<T> }> => {
  const all = { ...options, transports: transports() }
  const host = await server<T>(anywhere, all)
  const near = await client<T>(host.address, all)
  if (hello !== undefined) near.send(hello)
  const far = await host.accept()
  if (hello !== undefined) await far.recv()
  return { near, far, host }
}

/** Resolves with the next event. */
export const event = <A extends readonly unknown[]>(
  source: { on(event: string, listener: (...args: never[]) => unknown): Disposable },
  name: string,
): Promise<A> =>
  new Promise(resolve => {
    const listening = source.on(name, (...args: A) => {
      listening[Symbol.dispose]()
      resolve(args)
    })
  })
