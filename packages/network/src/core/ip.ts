import ipaddr from 'ipaddr.js'
import { NetworkError } from '../errors.ts'

/** The version of the Internet Protocol. */
export type Family = 4 | 6

/**
 * What an address is for, by the registries of IANA for special-purpose addresses (RFC 6890 and its successors). `shared` is carrier-grade NAT
 * (RFC 6598), `unique-local` the private addresses of IPv6 (RFC 4193), `reserved` all other special ones.
 */
export type AddressScope =
  | 'public'
  | 'private'
  | 'shared'
  | 'unique-local'
  | 'link-local'
  | 'loopback'
  | 'multicast'
  | 'unspecified'
  | 'documentation'
  | 'reserved'

/** An address as the library has it. */
export type ParsedAddress = ipaddr.IPv4 | ipaddr.IPv6

const scopes = new Map<string, AddressScope>([
  ['unicast', 'public'],
  ['private', 'private'],
  ['carrierGradeNat', 'shared'],
  ['uniqueLocal', 'unique-local'],
  ['linkLocal', 'link-local'],
  ['loopback', 'loopback'],
  ['multicast', 'multicast'],
  ['broadcast', 'multicast'],
  ['unspecified', 'unspecified'],
  // Tunnels into the public network
  ['6to4', 'public'],
  ['teredo', 'public'],
])

/** RFC 5737, RFC 3849: the library counts them among the reserved ones. */
const documentation = ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32'].map(text =>
  ipaddr.parseCIDR(text),
)

/**
 * Takes an address apart: four decimal numbers for IPv4 (no octal, no shortened forms, which are a way to smuggle addresses past a check), any
 * form of IPv6, with a `%scope` where it has one. An IPv4 address mapped into IPv6 becomes the IPv4 address.
 *
 * @throws NetworkError `P2P_BAD_ADDRESS`
 */
export const parseIp = (text: string): ParsedAddress => {
  const isOne = text.includes(':')
    ? text.length <= 80 && ipaddr.IPv6.isValid(text)
    : ipaddr.IPv4.isValidFourPartDecimal(text)
  if (!isOne)
    throw new NetworkError('P2P_BAD_ADDRESS', `${JSON.stringify(text.slice(0, 100))} is not an IP address`)
  return ipaddr.process(text)
}

/** Whether it is an IP address that {@link parseIp} takes. */
export const isIp = (text: string): boolean => {
  try {
    parseIp(text)
    return true
  } catch {
    return false
  }
}

/** Whether it is 4 or 6. @throws NetworkError `P2P_BAD_ADDRESS` */
export const familyOf = (address: string): Family => (parseIp(address).kind() === 'ipv4' ? 4 : 6)

/** What the address is for. @throws NetworkError `P2P_BAD_ADDRESS` */
export const scopeOf = (address: string): AddressScope => {
  const parsed = parseIp(address)
  const isDocumentation = documentation.some(([network, bits]) =>
    network.kind() === parsed.kind() ? parsed.match(network, bits) : false,
  )
  return isDocumentation ? 'documentation' : (scopes.get(parsed.range()) ?? 'reserved')
}

/** The address in its one canonical form (RFC 5952 for IPv6), without its scope. @throws NetworkError `P2P_BAD_ADDRESS` */
export const canonicalIp = (text: string): string => {
  const parsed = parseIp(text)
  return parsed.kind() === 'ipv4' ? parsed.toString() : fromBytes(parsed.toByteArray())
}

/** The address of 4 or 16 bytes, canonical. */
export const fromBytes = (bytes: readonly number[]): string => {
  const address = ipaddr.fromByteArray([...bytes])
  return address.kind() === 'ipv6' ? (address as ipaddr.IPv6).toRFC5952String() : address.toString()
}

/** The 4 or 16 bytes of an address. @throws NetworkError `P2P_BAD_ADDRESS` */
export const toBytes = (address: string): number[] => parseIp(address).toByteArray()
