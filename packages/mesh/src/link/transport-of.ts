import type { Address, Transport } from '@p2p/interfaces'
import { MeshError } from '../errors.ts'
import { isAddress } from '../wire/contact.ts'

/** The transport of an address. @throws `P2P_BAD_ADDRESS`, `P2P_UNKNOWN_SCHEME` */
export const transportOf = (transports: readonly Transport[], address: Address): Transport => {
  if (!isAddress(address)) {
    throw new MeshError('P2P_BAD_ADDRESS', `not an address of the form scheme://rest: ${String(address)}`)
  }
  const scheme = address.slice(0, address.indexOf('://'))
  const transport = transports.find(candidate => candidate.scheme === scheme)
  if (transport !== undefined) return transport
  const known = transports.map(candidate => candidate.scheme).join(', ')
  throw new MeshError('P2P_UNKNOWN_SCHEME', `no transport for ${address}; there is ${known || 'none'}`)
}
