import { readFileSync } from 'node:fs'
import type { Address, Connection } from '@p2p/interfaces'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket as NodeWebSocket } from 'ws'
import * as server from '../src/ws.ts'
import { type PlatformWebSocketClass, ws, wss, type WsOptions } from '../src/ws.browser.ts'
import { turn, VirtualClock } from './virtual-clock.ts'

const coded = (code: string) => expect.objectContaining({ code }) as unknown
const ignore = () => undefined
const WebSocket = NodeWebSocket as unknown as PlatformWebSocketClass

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A connection as in a browser, and the end of ours that accepted it. */
const pair = async (options: WsOptions = {}) => {
  let accept: ((connection: Connection) => void) | undefined
  const coming = new Promise<Connection>(resolve => (accept = resolve))
  const listener = await server.ws().listen('ws://127.0.0.1:0/p2p', connection => accept?.(connection))
  cleanUps.push(() => listener.close())
  const page = await ws({ WebSocket, ...options }).dial(listener.address)
  const node = await coming
  cleanUps.push(
    () => page.abort(),
    () => node.abort(),
  )
  return { page, node, listener }
}

const received = (connection: Connection, length: number) =>
  new Promise<number>(resolve => {
    let sum = 0
    let come = 0
    connection.onData(chunk => {
      come += chunk.length
      sum = chunk.reduce((total, byte) => total + byte, sum)
      if (come === length) resolve(sum)
    })
  })

/** Every module that a module imports, and theirs, by the specifiers. */
const importsOf = (file: URL, seen = new Set<string>()): Set<string> => {
  if (seen.has(file.href)) return seen
  seen.add(file.href)
  const source = readFileSync(file, 'utf8')
  for (const [, kind, specifier = ''] of source.matchAll(
    /^(import type|import|export)[^']*?from '([^']+)'/gms,
  )) {
    if (kind === 'import type') continue
    if (specifier.startsWith('.')) importsOf(new URL(specifier, file), seen)
    else seen.add(specifier)
  }
  return seen
}

it('the entry for browsers imports neither Node.js nor ws, and package.json selects it there', () => {
  const outside = [...importsOf(new URL('../src/ws.browser.ts', import.meta.url))].filter(
    name => !name.startsWith('file:'),
  )
  expect(outside.sort()).toEqual(['@p2p/interfaces', '@p2p/interfaces/system', '@p2p/interfaces/wait'])
  const { publishConfig } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    publishConfig: { exports: Record<string, Record<string, string>> }
  }
  const { types, ...conditions } = publishConfig.exports['./ws'] ?? {}
  expect(types).toBe('./dist/ws.d.ts')
  expect(Object.entries(conditions)).toEqual([
    ['browser', './dist/ws.browser.js'],
    ['default', './dist/ws.js'],
  ])
  expect(publishConfig.exports['./ws/browser']).toHaveProperty('default', './dist/ws.browser.js')
})

describe('a connection of a page', () => {
  it('carries bytes both ways, and queued goes back to 0', async () => {
    const { page, node } = await pair()
    const [there, back] = [received(node, 200_000), received(page, 100_000)]
    for (let count = 0; count < 200; count++) page.write(new Uint8Array(1_000).fill(1))
    node.write(new Uint8Array(100_000).fill(2))
    expect(page.queued).toBe(200_000)
    expect([await there, await back]).toEqual([200_000, 200_000])
    await page.close()
    expect(page.queued).toBe(0)
    expect(await page.closed).toEqual({ by: 'local' })
    expect(await node.closed).toEqual({ by: 'remote' })
  })

  it('tells a writer to wait while the other end does not read, and drained resolves when it does', async () => {
    const { page, node } = await pair()
    let written = 0
    let released = 0
    for (let count = 0; count < 400; count++) {
      page.write(new Uint8Array(65_536), () => released++)
      written += 65_536
    }
    expect(page.write(new Uint8Array(1))).toBe(false)
    const drained = page.drained()
    await turn()
    expect(page.queued).toBeGreaterThan(262_144)
    const all = received(node, written + 1)
    await drained
    await all
    await page.close()
    expect(released).toBe(400)
  })

  it('sends what is queued when the other end ends', async () => {
    const { page, node } = await pair()
    page.onData(ignore)
    const all = received(node, 5_000_000)
    for (let count = 0; count < 50; count++) page.write(new Uint8Array(100_000))
    await Promise.all([node.close(), all])
    expect(await page.closed).toEqual({ by: 'remote' })
    expect(await node.closed).toEqual({ by: 'local' })
  })

  it('delivers nothing while it is paused, and everything afterwards', async () => {
    const { page, node } = await pair()
    let length = 0
    page.onData(chunk => (length += chunk.length))
    page.pause()
    await new Promise<void>(resolve => node.write(new Uint8Array(100_000), resolve))
    for (let count = 0; count < 20; count++) await turn()
    expect(length).toBe(0)
    void node.close()
    page.resume()
    expect(await page.closed).toEqual({ by: 'remote' })
    expect(length).toBe(100_000)
  })

  it('is aborted if more has come than is kept unread', async () => {
    const { page, node } = await pair({ receiveLimit: 100_000 })
    for (let count = 0; count < 11; count++) {
      node.write(new Uint8Array(10_000))
      await turn()
    }
    expect(await page.closed).toEqual({ by: 'local', error: coded('P2P_QUEUE_LIMIT') })
    node.onData(ignore)
    expect((await node.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
  })

  it('that is aborted is a failure for the other end, and the other way round', async () => {
    const first = await pair()
    first.node.onData(ignore)
    first.page.abort()
    expect((await first.page.closed).error).toEqual(coded('P2P_CONNECTION_ABORTED'))
    expect((await first.node.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
    const second = await pair()
    second.page.onData(ignore)
    second.node.abort()
    expect((await second.page.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
  })

  it('does not know its own address', async () => {
    const { page, listener } = await pair()
    expect(page.remote).toBe(listener.address)
    expect(page.local).toMatch(/^ws:\/\/~\d+$/)
  })
})

describe('dialling', () => {
  it.each([
    ['tcp://127.0.0.1:1'],
    ['wss://127.0.0.1:1'],
    ['ws://'],
    ['ws://127.0.0.1'],
    ['ws://127.0.0.1/path'],
    ['ws://127.0.0.1:0'],
    ['ws://127.0.0.1:65536'],
    ['ws://127.0.0.1:80/a?b'],
    ['ws://user@127.0.0.1:80/'],
    ['ws://256.0.0.1:80/'],
    ['ws://[::g]:80/'],
  ] as [Address][])('%s is refused', async address => {
    await expect(ws({ WebSocket }).dial(address)).rejects.toEqual(coded('P2P_BAD_ADDRESS'))
  })

  it('where nobody listens is refused', async () => {
    await expect(ws({ WebSocket }).dial('ws://127.0.0.1:1')).rejects.toEqual(coded('P2P_CONNECTION_REFUSED'))
  })

  it('takes at most 10 s, can be aborted, and leaves no WebSocket open', async () => {
    const states: string[] = []
    class SilentWebSocket {
      binaryType = ''
      readonly bufferedAmount = 0
      readonly readyState = 0
      send = ignore
      addEventListener = ignore
      removeEventListener = ignore
      close = () => states.push('closed')
    }
    const clock = new VirtualClock()
    const transport = ws({ WebSocket: SilentWebSocket, clock })
    const dialling = transport.dial('ws://example.org:80/').catch((error: unknown) => error)
    await clock.advance(10_000)
    expect(await dialling).toEqual(coded('P2P_TIMEOUT'))
    const controller = new AbortController()
    const aborted = transport.dial('ws://example.org:80/', { signal: controller.signal })
    controller.abort()
    await expect(aborted).rejects.toEqual(coded('P2P_ABORTED'))
    expect(states).toEqual(['closed', 'closed'])
    expect(clock.pending).toBe(0)
  })

  it('without a WebSocket is not supported', async () => {
    if ('WebSocket' in globalThis) return
    await expect(ws().dial('ws://127.0.0.1:1')).rejects.toEqual(coded('P2P_NOT_SUPPORTED'))
  })
})

it('a page cannot listen', async () => {
  await expect(ws({ WebSocket }).listen('ws://127.0.0.1:0', ignore)).rejects.toEqual(
    coded('P2P_NOT_SUPPORTED'),
  )
  await expect(wss({ WebSocket }).listen('wss://127.0.0.1:0', ignore)).rejects.toEqual(
    coded('P2P_NOT_SUPPORTED'),
  )
})
