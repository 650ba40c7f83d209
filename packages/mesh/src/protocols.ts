import { MeshError } from './errors.ts'

/** The names that belong to the mesh itself. */
const reserved = '/mesh/'

/** The broadcast by which nodes know to which part of the network they belong. */
export const pulseProtocol = '/mesh/pulse'

/** Whether a message is the mesh's own and not the application's. */
export const isReserved = (protocol: string): boolean => protocol.startsWith(reserved)

/** @throws `P2P_RESERVED_PROTOCOL` */
export const checkProtocol = (protocol: string): void => {
  if (!isReserved(protocol)) return
  throw new MeshError(
    'P2P_RESERVED_PROTOCOL',
    `names that begin with ${reserved} belong to the mesh: ${protocol}`,
  )
}
