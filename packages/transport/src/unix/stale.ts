import { lstatSync, readFileSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'

/** What tells one file from another that comes to have its path. */
const identity = (path: string): string | undefined => {
  const file = lstatSync(path, { throwIfNoEntry: false, bigint: true })
  return file?.isSocket() === true ? `${file.dev} ${file.ino} ${file.ctimeNs}` : undefined
}

/**
 * Removes a socket that its owner has left behind: one at which the system itself says that nobody listens. Anything else stays: a socket that
 * answers, that is too busy to answer or that we may not ask, and whatever is no socket. The system knows no way to do this in one step; between
 * the question and the removal the file must stay the same one, so that two processes that start at once do not take each other's.
 *
 * @returns whether the path is free now
 */
export const removeStale = async (path: string): Promise<boolean> => {
  const before = identity(path)
  if (before === undefined || isBound(path)) return false
  if (!(await isDeserted(path)) || identity(path) !== before) return false
  unlinkSync(path)
  return true
}

/**
 * Whether Linux knows of a socket that was bound to that path. The other way to find out is to connect, which whoever listens there notices as a
 * connection that comes and goes; so that is left for other systems, other names of the same file, and other containers.
 */
const isBound = (path: string): boolean => {
  try {
    return readFileSync('/proc/net/unix', 'utf8')
      .split('\n')
      .some(line => line.endsWith(` ${path}`))
  } catch {
    return false
  }
}

const isDeserted = (path: string) =>
  new Promise<boolean>(resolve => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', error => resolve('code' in error && error.code === 'ECONNREFUSED'))
  })
