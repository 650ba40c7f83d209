import { BlockList, isIPv4, isIPv6 } from 'node:net'
import type { Address } from '@p2p/interfaces'
import { badAddress, TransportError } from './errors.ts'

const linkLocal = new BlockList()
linkLocal.addSubnet('fe80::', 10, 'ipv6')

/** A host and a port, as in `tcp://HOST:PORT`. */
export interface Endpoint {
  /** An IPv4 address, an IPv6 address without its brackets (with `%scope` where it has one), or a name. */
  readonly host: string
  /** 0 … 65535. */
  readonly port: number
}

const grammar = /^(?<scheme>[a-z]+):\/\/(?:\[(?<ipv6>[^[\]]*)\]|(?<name>[^:[\]]*)):(?<port>0|[1-9]\d{0,4})$/

// RFC 1123 labels, and the underscore that real networks use.
const label = /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/i
const longestName = 253

/**
 * A name whose last label is a number is meant as an IPv4 address (as the WHATWG URL standard has it) and must be a whole one: `127.1` and
 * `256.0.0.1` are mistakes, not questions for the resolver.
 */
const isHost = (name: string) => {
  const labels = name.split('.')
  if (/^\d+$/.test(labels.at(-1) ?? '')) return isIPv4(name)
  if (labels.length > 1 && labels.at(-1) === '') labels.pop()
  return name.length <= longestName && labels.every(part => label.test(part))
}

/**
 * Takes `SCHEME://HOST:PORT` apart: `tcp://127.0.0.1:4444`, `tls://[::1]:9`, `tcp://[fe80::1%eth0]:9`, `tcp://example.org:80`. Nothing may
 * follow the port, and the port may not be left out.
 *
 * @throws TransportError `P2P_BAD_ADDRESS`
 */
export const parseEndpoint = (scheme: string, address: Address): Endpoint => {
  const bad = (reason: string) => badAddress(scheme, address, reason)
  const parts = grammar.exec(address)?.groups
  if (parts?.['scheme'] !== scheme) throw bad(`write ${scheme}://HOST:PORT, an IPv6 address in brackets`)
  const port = Number(parts['port'])
  if (port > 65_535) throw bad('a port is at most 65535')
  const { ipv6, name = '' } = parts
  if (ipv6 !== undefined) {
    if (!isIPv6(ipv6)) throw bad('what stands in brackets is not an IPv6 address')
    // Without a scope the system guesses the interface, or refuses: that depends on its version.
    if (!ipv6.includes('%') && linkLocal.check(ipv6, 'ipv6')) {
      throw bad('a link-local address needs its %scope')
    }
    return { host: ipv6, port }
  }
  if (!isHost(name)) throw bad('the host is neither an IP address nor a name')
  return { host: name, port }
}

/** Puts an endpoint into words: the inverse of {@link parseEndpoint}. */
export const formatEndpoint = (scheme: string, { host, port }: Endpoint): Address =>
  isIPv6(host) ? `${scheme}://[${host}]:${port}` : `${scheme}://${host}:${port}`

/** An endpoint that can be dialled. @throws TransportError `P2P_BAD_ADDRESS` for one that only a listener can have */
export const dialable = <T extends Endpoint>(address: Address, endpoint: T): T => {
  if (endpoint.port > 0) return endpoint
  throw new TransportError('P2P_BAD_ADDRESS', `${address} cannot be dialled: nobody has port 0`)
}
