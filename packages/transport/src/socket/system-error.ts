import { TransportError, type TransportErrorCode } from '../errors.ts'

/** The system's names for what can go wrong with a socket, ours, and what it means in words. */
const known = new Map<string, readonly [TransportErrorCode, string]>([
  ['ECONNREFUSED', ['P2P_CONNECTION_REFUSED', 'nobody listens there']],
  ['ENOTFOUND', ['P2P_HOST_UNKNOWN', 'the name of the host is unknown']],
  ['EAI_AGAIN', ['P2P_HOST_UNKNOWN', 'the name of the host cannot be resolved at the moment']],
  ['EADDRINUSE', ['P2P_ADDRESS_IN_USE', 'the address is in use']],
  ['EADDRNOTAVAIL', ['P2P_ADDRESS_NOT_AVAILABLE', 'this machine has no such address, or no port left']],
  ['EAFNOSUPPORT', ['P2P_ADDRESS_NOT_AVAILABLE', 'this machine does not speak that family of addresses']],
  ['EINVAL', ['P2P_BAD_ADDRESS', 'the system refuses the address; perhaps its %scope does not exist']],
  ['EHOSTUNREACH', ['P2P_HOST_UNREACHABLE', 'the host cannot be reached']],
  ['EHOSTDOWN', ['P2P_HOST_UNREACHABLE', 'the host is down']],
  ['ENETUNREACH', ['P2P_HOST_UNREACHABLE', 'the network cannot be reached']],
  ['ENETDOWN', ['P2P_HOST_UNREACHABLE', 'the network is down']],
  ['ETIMEDOUT', ['P2P_TIMEOUT', 'the other end does not answer']],
  ['ECONNRESET', ['P2P_CONNECTION_RESET', 'the other end broke the connection']],
  ['EPIPE', ['P2P_CONNECTION_RESET', 'the other end takes no more data']],
  ['ECONNABORTED', ['P2P_CONNECTION_RESET', 'the connection was broken']],
  ['EMFILE', ['P2P_TOO_MANY_FILES', 'this process has no file descriptor left']],
  ['ENFILE', ['P2P_TOO_MANY_FILES', 'this machine has no file descriptor left']],
  ['EACCES', ['P2P_NOT_PERMITTED', 'the system does not permit it']],
  ['EPERM', ['P2P_NOT_PERMITTED', 'the system does not permit it']],
])

/** The coded error for one of the system's. `what` begins its message: `dialling tcp://…`. */
export const transportError = (what: string, cause: Error): TransportError => {
  const [code, meaning] = known.get(systemCode(cause)) ?? (['P2P_CONNECTION_FAILED', cause.message] as const)
  return new TransportError(code, `${what}: ${meaning}`, { cause })
}

/** The system's name for what went wrong; empty if it has none. */
export const systemCode = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : ''
