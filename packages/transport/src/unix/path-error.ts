import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { TransportError } from '../errors.ts'
import { systemCode, transportError } from '../socket/system-error.ts'

/** libuv calls it EACCES when a socket is to be made in a folder that does not exist, as Windows would. */
const codeOf = (cause: Error): string => {
  const code = systemCode(cause)
  if (code !== 'EACCES' || !('address' in cause) || typeof cause.address !== 'string') return code
  try {
    return statSync(dirname(cause.address), { throwIfNoEntry: false }) === undefined ? 'ENOENT' : code
  } catch {
    return code
  }
}

/** The coded error for one of the system's about a path, which means other things there than about a port. */
export const pathError = (what: string, cause: Error): TransportError => {
  const dialling = 'syscall' in cause && cause.syscall === 'connect'
  switch (codeOf(cause)) {
    case 'ENOENT':
      return dialling
        ? new TransportError('P2P_CONNECTION_REFUSED', `${what}: nothing has that path`, { cause })
        : new TransportError('P2P_ADDRESS_NOT_AVAILABLE', `${what}: there is no such folder`, { cause })
    case 'ENOTDIR':
    case 'ENAMETOOLONG':
    case 'ELOOP':
      return new TransportError('P2P_BAD_ADDRESS', `${what}: that cannot be a path`, { cause })
    case 'ENOTSOCK':
    case 'EPROTOTYPE':
      return new TransportError('P2P_CONNECTION_REFUSED', `${what}: what has that path is no such socket`, {
        cause,
      })
    case 'EAGAIN':
      return new TransportError('P2P_CONNECTION_REFUSED', `${what}: too many wait to be accepted there`, {
        cause,
      })
    case 'EROFS':
      return new TransportError('P2P_NOT_PERMITTED', `${what}: nothing can be written there`, { cause })
    default:
      return transportError(what, cause)
  }
}
