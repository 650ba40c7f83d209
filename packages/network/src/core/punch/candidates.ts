import type { NatReport } from '../../nat/report.ts'
import type { Endpoint } from '../endpoint.ts'
import { movePort } from '../nat/allocation.ts'
import type { Candidate, PunchTransport } from './offer.ts'

/** Ports that are foretold: other machines behind the same NAT may take some in between. */
export const predictions = 5

/**
 * Where the mapping for the next peer will be. A NAT that maps by the peer makes a new one for each, in the way that was measured; the first packet
 * after the server's answer gets the first of these, the second the second. Nothing is foretold of ports that are chosen at random.
 */
export const predict = (mapped: Endpoint, nat: NatReport | undefined): Endpoint[] => {
  const { mapping, portAllocation: allocation } = nat ?? {}
  if (mapping === undefined || mapping === 'endpoint-independent' || allocation === undefined) return []
  const at = (port: number) => ({ ...mapped, port })
  switch (allocation.kind) {
    case 'sequential':
      return Array.from({ length: predictions }, (_, index) =>
        at(movePort(mapped.port, allocation.step * (index + 1))),
      )
    case 'equal':
    case 'offset':
      // The server's mapping has the port that is wanted. Some routers use it again for another peer, others take the next that is free: those
      // first, because theirs follow each other.
      return [1, 2, 3, 4, 0].map(by => at(movePort(mapped.port, by)))
    default:
      return []
  }
}

/** The candidates of a socket, in the order in which the other node is to try them: what a NAT shows first, because its mappings have an order. */
export const candidatesOf = (
  transport: PunchTransport,
  local: Endpoint,
  mapped: Endpoint | undefined,
  nat: NatReport | undefined,
): Candidate[] => {
  const foretold = mapped === undefined ? [] : predict(mapped, nat)
  const list: Candidate[] = foretold.map(endpoint => ({ transport, kind: 'predicted', endpoint }))
  if (mapped !== undefined) list.push({ transport, kind: 'mapped', endpoint: mapped })
  list.push({ transport, kind: 'host', endpoint: local })
  const seen = new Set<string>()
  return list.filter(({ endpoint: { address, port } }) => {
    const key = `${address} ${port}`
    return !seen.has(key) && seen.add(key)
  })
}
