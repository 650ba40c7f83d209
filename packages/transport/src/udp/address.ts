import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import type { Address } from '@p2p/interfaces'
import { type Endpoint, formatEndpoint, parseEndpoint } from '../endpoint.ts'
import { badAddress } from '../errors.ts'

/**
 * Takes `udp://HOST:PORT` apart: `udp://127.0.0.1:53`, `udp://[::1]:9`, `udp://[fe80::1%eth0]:9`, `udp://example.org:53`.
 *
 * @throws TransportError `P2P_BAD_ADDRESS`
 */
export const parseUdpAddress = (address: Address): Endpoint => parseEndpoint('udp', address)

/** Puts an endpoint into words: the inverse of {@link parseUdpAddress}. */
export const formatUdpAddress = (endpoint: Endpoint): Address => formatEndpoint('udp', endpoint)

/** What IPv4 addresses look like to a socket of IPv6 that takes both. */
const mapped = '::ffff:'

/** The address of a sender, as the system gave it. */
export const senderAddress = (host: string, port: number, ofIPv6: boolean): Address => {
  if (!ofIPv6) return `udp://${host}:${port}`
  if (host.startsWith(mapped) && isIPv4(host.slice(mapped.length))) {
    return `udp://${host.slice(mapped.length)}:${port}`
  }
  return `udp://[${host}]:${port}`
}

/**
 * Where a socket of this family is to send to for an address. A name is refused: looking it up for each datagram would cost time and their order.
 *
 * @throws TransportError `P2P_BAD_ADDRESS`
 */
export const destination = (address: Address, ofIPv6: boolean): Endpoint => {
  const { host, port } = parseUdpAddress(address)
  if (port === 0) throw badAddress('udp', address, 'nobody has port 0')
  if (isIPv6(host)) {
    if (ofIPv6) return { host, port }
    throw badAddress('udp', address, 'this socket sends over IPv4 only')
  }
  if (!isIPv4(host))
    throw badAddress('udp', address, 'datagrams are sent to IP addresses: resolve the name first')
  return { host: ofIPv6 ? mapped + host : host, port }
}

/** One way to write a host: IPv6 in its shortest form. Its scope stays. */
export const canonicalHost = (host: string): string => {
  if (!isIPv6(host)) return host
  const [bare = host, scope] = host.split('%')
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' })
  return scope === undefined ? address : `${address}%${scope}`
}
