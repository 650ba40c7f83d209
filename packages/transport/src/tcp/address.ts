import { BlockList, isIPv4, isIPv6 } from 'node:net'
import type { Address } from '@p2p/interfaces'
import { TransportError } from '../errors.ts'

const linkLocal = new BlockList()
linkLocal.addSubnet('fe80::', 10, 'ipv6')

/** A host and a port, as in `tcp://HOST:PORT`. */
export interface TcpEndpoint {
  /** An IPv4 address, an IPv6 address without its brackets (with `%scope` where it has one), or a name. */
  readonly host: string
  /** 0 … 65535. */
  readonly port: number
}

const grammar = /^tcp:\/\/(?:\[(?<ipv6>[^[\]]*)\]|(?<name>[^:[\]]*)):(?<port>0|[1-9]\d{0,4})$/

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
 * Takes `tcp://HOST:PORT` apart: `tcp://127.0.0.1:4444`, `tcp://[::1]:9`, `tcp://[fe80::1%eth0]:9`, `tcp://example.org:80`. Nothing may
 * follow the port, and the port may not be left out.
 *
 * @throws TransportError `P2P_BAD_ADDRESS`
 */
export const parseTcpAddress = (address: Address): TcpEndpoint => {
  const bad = (reason: string) => {
    const shown = JSON.stringify(address.slice(0, 300))
    return new TransportError('P2P_BAD_ADDRESS', `${shown} is not an address of TCP: ${reason}`)
  }
  const parts = grammar.exec(address)?.groups
  if (parts === undefined) throw bad('write tcp://HOST:PORT, an IPv6 address in brackets')
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

/** Puts an endpoint into words: the inverse of {@link parseTcpAddress}. */
export const formatTcpAddress = ({ host, port }: TcpEndpoint): Address =>
  isIPv6(host) ? `tcp://[${host}]:${port}` : `tcp://${host}:${port}`
