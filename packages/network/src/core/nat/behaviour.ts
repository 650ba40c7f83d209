import { type Endpoint, sameEndpoint } from '../endpoint.ts'

/** What a NAT looks at, when it chooses a mapping and when it lets something in (RFC 4787, 4.1 and 5). */
export type Dependence = 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent'

/** The names of RFC 3489, and of P2PD. */
export type ClassicName =
  'open' | 'udp-firewall' | 'full-cone' | 'restricted-cone' | 'port-restricted-cone' | 'symmetric' | 'blocked'

/**
 * How a NAT maps, from what one socket is seen as: by a server, by its other address, and by that with its other port (RFC 5780, 4.3). Without the
 * last, a mapping that depends on something is taken to depend on the port too, which is the one that occurs.
 */
export const mappingOf = (primary: Endpoint, otherAddress: Endpoint, otherPort?: Endpoint): Dependence => {
  if (sameEndpoint(primary, otherAddress)) return 'endpoint-independent'
  const isOfPort = otherPort === undefined || !sameEndpoint(otherAddress, otherPort)
  return isOfPort ? 'address-and-port-dependent' : 'address-dependent'
}

/** How a NAT filters, from which answers came: from another address, from another port of the same one (RFC 5780, 4.4). */
export const filteringOf = (fromOtherAddress: boolean, fromOtherPort: boolean): Dependence => {
  if (fromOtherAddress) return 'endpoint-independent'
  return fromOtherPort ? 'address-dependent' : 'address-and-port-dependent'
}

/**
 * The classic name for a behaviour; `undefined` where what was measured does not decide it.
 *
 * @param isTranslated whether the world sees another address or port than the machine's own
 */
export const classicName = (
  isTranslated: boolean,
  mapping: Dependence | undefined,
  filtering: Dependence | undefined,
): ClassicName | undefined => {
  if (!isTranslated) {
    if (filtering === undefined) return undefined
    return filtering === 'endpoint-independent' ? 'open' : 'udp-firewall'
  }
  if (mapping === undefined) return undefined
  if (mapping !== 'endpoint-independent') return 'symmetric'
  if (filtering === undefined) return undefined
  if (filtering === 'endpoint-independent') return 'full-cone'
  return filtering === 'address-dependent' ? 'restricted-cone' : 'port-restricted-cone'
}
