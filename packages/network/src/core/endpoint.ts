import { NetworkError } from '../errors.ts'
import { canonicalIp, type Family, familyOf, scopeOf } from './ip.ts'

/** A place on the network: an address and a port. Plain data, to be compared by {@link sameEndpoint} or {@link formatEndpoint}. */
export interface Endpoint {
  /** Canonical, without a scope: `10.0.0.1`, `2001:db8::1`. */
  readonly address: string
  readonly family: Family
  /** 0 … 65535. */
  readonly port: number
  /** For a link-local address of IPv6: the interface it belongs to. Its name on Linux and macOS, its index on Windows. */
  readonly scope?: string
}

/**
 * Makes an endpoint of an address, which may carry a `%scope`, and a port.
 *
 * @throws NetworkError `P2P_BAD_ADDRESS`
 */
export const toEndpoint = (address: string, port: number, scope?: string): Endpoint => {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new NetworkError('P2P_BAD_ADDRESS', `a port is an integer from 0 to 65535, not ${port}`)
  const at = address.indexOf('%')
  const within = at < 0 ? scope : address.slice(at + 1)
  const plain = canonicalIp(at < 0 ? address : address.slice(0, at))
  const family = familyOf(plain)
  const keepsScope = within !== undefined && within !== '' && family === 6 && scopeOf(plain) === 'link-local'
  return { address: plain, family, port, ...(keepsScope ? { scope: within } : {}) }
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`, `[fe80::1%eth0]:80`. */
export const formatEndpoint = ({ address, family, port, scope }: Endpoint): string =>
  family === 6 ? `[${address}${scope === undefined ? '' : `%${scope}`}]:${port}` : `${address}:${port}`

const grammar = /^(?:\[(?<six>[^[\]]+)\]|(?<four>[^:[\]]+)):(?<port>0|[1-9]\d{0,4})$/

/** The inverse of {@link formatEndpoint}. @throws NetworkError `P2P_BAD_ADDRESS` */
export const parseEndpoint = (text: string): Endpoint => {
  const { six, four, port } = grammar.exec(text)?.groups ?? {}
  const address = six ?? four
  if (address === undefined || (six !== undefined) !== address.includes(':')) {
    const shown = JSON.stringify(text.slice(0, 100))
    throw new NetworkError('P2P_BAD_ADDRESS', `${shown} is not ADDRESS:PORT, an IPv6 address in brackets`)
  }
  return toEndpoint(address, Number(port))
}

/** Whether two endpoints are one. */
export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean =>
  a.address === b.address && a.port === b.port && a.scope === b.scope

/** The address as the system wants it: with its scope. */
export const hostOf = ({ address, scope }: Endpoint): string =>
  scope === undefined ? address : `${address}%${scope}`
