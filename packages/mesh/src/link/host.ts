import type { Address } from '@p2p/interfaces'

/** An address without its port: whoever is there counts as one host. */
export const hostOf = (address: Address): string => {
  const colon = address.lastIndexOf(':')
  return colon > address.indexOf('://') ? address.slice(0, colon) : address
}
