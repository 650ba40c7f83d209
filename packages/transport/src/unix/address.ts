import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address } from '@p2p/interfaces'
import { badAddress } from '../errors.ts'

const prefix = 'unix://'

/**
 * Bytes that a path may have: `sun_path` of the system's `sockaddr_un` without its final zero. libuv cuts a longer path off and says nothing.
 * Of the systems that Node.js runs on Linux has most; the others have what BSD had.
 */
const longestPath = (platform: string) => (platform === 'linux' || platform === 'android' ? 107 : 103)

const pipe = /^\\\\[.?]\\pipe\\[^\\/]{1,246}$/i

/**
 * The path in `unix:///run/me.sock`: absolute, and short enough for the system. On Windows it is the name of a pipe, as in
 * `unix://\\.\pipe\me`.
 *
 * @param platform as in `process.platform`, which is the default
 * @throws TransportError `P2P_BAD_ADDRESS`
 */
export const parseUnixAddress = (address: Address, platform: string = process.platform): string => {
  const bad = (reason: string) => badAddress('unix', address, reason)
  if (!address.startsWith(prefix)) throw bad('write unix:///PATH')
  const path = address.slice(prefix.length)
  if (path.includes('\0')) throw bad('a path has no zero byte')
  if (platform === 'win32') {
    if (!pipe.test(path)) throw bad('on Windows write unix://\\\\.\\pipe\\NAME')
    return path
  }
  if (!path.startsWith('/') || path.endsWith('/'))
    throw bad('write unix:///PATH, the path of a file from the root on')
  const longest = longestPath(platform)
  if (Buffer.byteLength(path) > longest) throw bad(`this system takes paths of at most ${longest} bytes`)
  return path
}

/** Puts a path into words: the inverse of {@link parseUnixAddress}. */
export const formatUnixAddress = (path: string): Address => `${prefix}${path}`

/** Whether an address asks a listener for a path that nobody has. */
export const isAnywhere = (address: Address): boolean => address === 'unix://*'

/** A path that nobody has. */
export const freshPath = (): string =>
  process.platform === 'win32'
    ? `\\\\.\\pipe\\p2p-${randomUUID()}`
    : join(tmpdir(), `p2p-${randomUUID().slice(0, 13)}.sock`)

let anonymous = 0

/** A name for the end that dialled: the system gives it none, and what one process calls it another cannot know. */
export const anonymousAddress = (): Address => `${prefix}~${++anonymous}`
