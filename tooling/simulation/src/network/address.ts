import type { Address } from '@p2p/interfaces'
import { SimulationError } from '../errors.ts'

const shape = /^sim:\/\/([a-z\d_.-]{1,255}):(\d{1,5})$/i

/** A host of a simulated network and a port of it. */
export interface SimulatedAddress {
  readonly host: string
  readonly port: number
}

/** The parts of `sim://HOST:PORT`. @throws SimulationError `P2P_BAD_ADDRESS` */
export const parseAddress = (address: Address): SimulatedAddress => {
  const [, host, digits] = shape.exec(address) ?? []
  const port = Number(digits)
  if (host === undefined || port > 65_535) {
    const shown = JSON.stringify(address.slice(0, 300))
    throw new SimulationError('P2P_BAD_ADDRESS', `${shown} is not sim://HOST:PORT`)
  }
  return { host, port }
}

/** `sim://HOST:PORT`. */
export const formatAddress = (host: string, port: number): Address => `sim://${host}:${port}`
