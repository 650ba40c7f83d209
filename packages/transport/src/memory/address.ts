import type { Address } from '@p2p/interfaces'
import { TransportError } from '../errors.ts'

// A tilde marks the names that a network makes up: `~1`.
const grammar = /^memory:\/\/(~?[a-z\d_.-]{1,255})$/i

/** The name in `memory://NAME`. @throws TransportError `P2P_BAD_ADDRESS` */
export const parseMemoryAddress = (address: Address): string => {
  const name = grammar.exec(address)?.[1]
  if (name !== undefined) return name
  const shown = JSON.stringify(address.slice(0, 300))
  const rule = 'write memory://NAME, of letters, digits, dot, hyphen and underscore'
  throw new TransportError('P2P_BAD_ADDRESS', `${shown} is not an address of a memory network: ${rule}`)
}

/** Whether an address asks a listener for a name that nobody has. */
export const isAnywhere = (address: Address): boolean => address === 'memory://*'

/** `memory://NAME`. */
export const formatMemoryAddress = (name: string): Address => `memory://${name}`
