import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address, Connection } from '@p2p/interfaces'
import { afterEach, describe, expect, it } from 'vitest'
import { formatUnixAddress, parseUnixAddress, unix } from '../src/unix.ts'
import { run } from './programs/run.ts'
import { turn } from './virtual-clock.ts'

const coded = (code: string) => expect.objectContaining({ code }) as unknown
const ignore = () => undefined

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** A path in an empty folder. */
const freshAddress = (name = 'door.sock'): { readonly path: string; readonly address: Address } => {
  const folder = mkdtempSync(join(tmpdir(), 'p2p-test-'))
  cleanUps.push(() => rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  return { path, address: formatUnixAddress(path) }
}

/** A socket whose owner was killed. */
const leaveBehind = async (path: string): Promise<void> => {
  const program = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  const child = spawn(process.execPath, ['-e', program, path], { stdio: 'ignore' })
  await new Promise(resolve => child.once('close', resolve))
}

describe('addresses of Unix sockets', () => {
  it.each([
    ['unix:///run/a.sock', 'linux', '/run/a.sock'],
    ['unix:///with space/%41/ä', 'linux', '/with space/%41/ä'],
    [`unix:///${'a'.repeat(106)}`, 'linux', '/' + 'a'.repeat(106)],
    [`unix:///${'a'.repeat(102)}`, 'darwin', '/' + 'a'.repeat(102)],
    ['unix://\\\\.\\pipe\\me', 'win32', '\\\\.\\pipe\\me'],
    ['unix://\\\\?\\pipe\\me', 'win32', '\\\\?\\pipe\\me'],
  ] as const)('%s on %s', (address, platform, path) => {
    expect(parseUnixAddress(address, platform)).toBe(path)
    expect(formatUnixAddress(path)).toBe(address)
  })

  it.each([
    ['unix://a', 'linux'],
    ['unix:///a/', 'linux'],
    ['unix://~1', 'linux'],
    ['unix:///a\0b', 'linux'],
    ['tcp:///a', 'linux'],
    [`unix:///${'a'.repeat(107)}`, 'linux'],
    [`unix:///${'ä'.repeat(54)}`, 'linux'],
    [`unix:///${'a'.repeat(103)}`, 'darwin'],
    ['unix:///run/a.sock', 'win32'],
    ['unix://\\\\.\\pipe\\', 'win32'],
    ['unix://\\\\server\\pipe\\me', 'win32'],
  ] as const)('%j on %s is refused', (address, platform) => {
    expect(() => parseUnixAddress(address, platform)).toThrow(coded('P2P_BAD_ADDRESS'))
  })
})

describe('the file', () => {
  it('is there while somebody listens, and gone afterwards', async () => {
    const { path, address } = freshAddress()
    const listener = await unix().listen(address, ignore)
    expect(existsSync(path)).toBe(true)
    expect([listener.address, listener.reachable]).toEqual([address, [address]])
    await listener.close()
    expect(existsSync(path)).toBe(false)
  })

  it('that was left behind is replaced', async () => {
    const { path, address } = freshAddress()
    await leaveBehind(path)
    expect(existsSync(path)).toBe(true)
    await expect(unix().dial(address)).rejects.toEqual(coded('P2P_CONNECTION_REFUSED'))
    const listener = await unix().listen(address, ignore)
    const connection = await unix().dial(address)
    connection.abort()
    await listener.close()
  })

  it('of somebody who listens is left alone, and they go on listening', async () => {
    const { address } = freshAddress()
    const accepted: Connection[] = []
    const listener = await unix().listen(address, connection => accepted.push(connection))
    cleanUps.push(() => listener.close())
    await expect(unix().listen(address, ignore)).rejects.toEqual(coded('P2P_ADDRESS_IN_USE'))
    const connection = await unix().dial(address)
    connection.onData(ignore)
    while (accepted.length === 0) await turn()
    expect(accepted).toHaveLength(1)
    await connection.close({ signal: AbortSignal.abort() })
    for (const inbound of accepted) inbound.abort()
  })

  it('that is no socket is left alone', async () => {
    const { path, address } = freshAddress()
    writeFileSync(path, 'precious')
    await expect(unix().listen(address, ignore)).rejects.toEqual(coded('P2P_ADDRESS_IN_USE'))
    await expect(unix().dial(address)).rejects.toEqual(coded('P2P_CONNECTION_REFUSED'))
    expect(existsSync(path)).toBe(true)
  })

  it('that is a link to a socket that was left behind is left alone', async () => {
    const { path } = freshAddress()
    await leaveBehind(path)
    symlinkSync(path, `${path}.link`)
    await expect(unix().listen(formatUnixAddress(`${path}.link`), ignore)).rejects.toEqual(
      coded('P2P_ADDRESS_IN_USE'),
    )
    expect(existsSync(path)).toBe(true)
  })

  it.each([
    [
      'in a folder that does not exist',
      '/no/such/folder/door.sock',
      'P2P_ADDRESS_NOT_AVAILABLE',
      'P2P_CONNECTION_REFUSED',
    ],
    ['below a file', '/dev/null/door.sock', 'P2P_BAD_ADDRESS', 'P2P_BAD_ADDRESS'],
  ] as const)('%s', async (_name, path, listening, dialling) => {
    const address = formatUnixAddress(path)
    const listened: unknown = await unix()
      .listen(address, ignore)
      .catch((error: unknown) => error)
    expect(listened).toEqual(coded(listening))
    expect((listened as Error).message).toContain(address)
    expect((listened as Error).cause).toBeInstanceOf(Error)
    await expect(unix().dial(address)).rejects.toEqual(coded(dialling))
  })

  it('of another user, or in their folder, is not permitted', async () => {
    const { path, address } = freshAddress()
    const listener = await unix().listen(address, ignore)
    cleanUps.push(() => listener.close())
    chmodSync(path, 0o600)
    chmodSync(join(path, '..'), 0o755)
    const { output } = await run('unix-not-permitted.ts', `exec "$@" '${path}'`)
    expect(output).toBe('dial P2P_NOT_PERMITTED, listen P2P_NOT_PERMITTED\n')
  })
})

it('ends that dialled have names that cannot be dialled', async () => {
  const coming: Connection[] = []
  const listener = await unix().listen('unix://*', connection => coming.push(connection))
  cleanUps.push(() => listener.close())
  const outbound = await unix().dial(listener.address)
  expect(outbound.local).toMatch(/^unix:\/\/~\d+$/)
  await expect(unix().dial(outbound.local)).rejects.toEqual(coded('P2P_BAD_ADDRESS'))
  outbound.onData(ignore)
  await listener.close()
  outbound.abort()
  for (const inbound of coming) inbound.abort()
})

it('a peer that is not one of ours and vanishes with data unread is a failure, one that ends is not', async () => {
  const coming: Connection[] = []
  let wake: (() => void) | undefined
  const listener = await unix().listen('unix://*', connection => {
    coming.push(connection)
    wake?.()
  })
  cleanUps.push(() => listener.close())
  for (const [orderly, expected] of [
    [true, { by: 'remote' }],
    [false, { by: 'remote', error: coded('P2P_CONNECTION_RESET') }],
  ] as const) {
    const theirs = connect(parseUnixAddress(listener.address))
    const accepted = new Promise<void>(resolve => (wake = resolve))
    await new Promise(resolve => theirs.once('connect', resolve))
    await accepted
    const ours = coming.pop() as Connection
    if (orderly) theirs.resume().end()
    else theirs.destroy()
    ours.onData(ignore)
    expect(await ours.closed).toEqual(expected)
  }
})

it('one connection too many is turned away, and the listener is told', async () => {
  const refusals: unknown[] = []
  const accepted: Connection[] = []
  const transport = unix({ maxConnections: 1, onRefused: error => refusals.push(error) })
  const listener = await transport.listen('unix://*', connection => accepted.push(connection))
  cleanUps.push(() => listener.close())
  const [first, second] = [await transport.dial(listener.address), await transport.dial(listener.address)]
  second.onData(ignore)
  await second.closed
  expect(refusals).toEqual([coded('P2P_CONNECTION_LIMIT')])
  expect(accepted).toHaveLength(1)
  for (const connection of [first, ...accepted]) connection.abort()
})
