import { type Endpoint, formatEndpoint, parseEndpoint } from '../endpoint.ts'
import { scopeOf } from '../ip.ts'
import { NetworkError } from '../../errors.ts'

/** Transports that can be punched. */
export type PunchTransport = 'udp' | 'tcp'

/**
 * What a candidate is. `host`: an address of the machine itself. `mapped`: what a server saw. `predicted`: where the next mapping will be, as far as
 * the measured allocation tells. `listening`: an open port, for TCP.
 */
export type CandidateKind = 'host' | 'mapped' | 'predicted' | 'listening'

/** Where a node may be reached. */
export interface Candidate {
  readonly transport: PunchTransport
  readonly kind: CandidateKind
  readonly endpoint: Endpoint
}

/** What one node tells the other before they punch. Plain data, for JSON, msgpack or whatever carries it. */
export interface PunchOffer {
  readonly version: 1
  /** Who it is, within this attempt; the greater one of the two decides which path is taken. 22 characters. */
  readonly id: string
  /** Proves that who knocks has seen this offer. 22 characters. */
  readonly password: string
  /** `udp mapped 203.0.113.7:4711`, in the order in which they are to be tried. */
  readonly candidates: readonly string[]
}

/** Candidates of an offer: more than an honest node has, and few enough that nobody can be flooded by means of us. */
export const maxCandidates = 32

const secret = /^[\w-]{22}$/
const grammar = /^(?<transport>udp|tcp) (?<kind>host|mapped|predicted|listening) (?<place>\S{1,80})$/

const bad = (reason: string) => new NetworkError('P2P_PROTOCOL_ERROR', `not an offer to punch: ${reason}`)

/** A candidate in words. */
export const formatCandidate = ({ transport, kind, endpoint }: Candidate): string =>
  `${transport} ${kind} ${formatEndpoint(endpoint)}`

/** An offer that was read: the other node's. */
export interface ReadOffer {
  readonly id: string
  readonly password: string
  readonly candidates: readonly Candidate[]
}

/** Whether somebody may make us send there. */
const isAllowed = ({ address, port }: Endpoint, loopback: boolean) => {
  const scope = scopeOf(address)
  if (port === 0 || scope === 'multicast' || scope === 'unspecified') return false
  return loopback || scope !== 'loopback'
}

/**
 * Reads what the other node says is its offer. Candidates that nobody may make us send to are left out.
 *
 * @param loopback whether the loopback is allowed: where we are bound to it ourselves
 * @throws NetworkError `P2P_PROTOCOL_ERROR`
 */
export const readOffer = (value: unknown, loopback: boolean): ReadOffer => {
  if (typeof value !== 'object' || value === null) throw bad('not an object')
  const { version, id, password, candidates } = value as Readonly<Record<string, unknown>>
  if (version !== 1) throw bad('another version')
  if (typeof id !== 'string' || !secret.test(id)) throw bad('its id')
  if (typeof password !== 'string' || !secret.test(password)) throw bad('its password')
  if (!Array.isArray(candidates) || candidates.length > maxCandidates) throw bad('its candidates')
  const seen = new Set<string>()
  const read = candidates.flatMap((candidate: unknown): Candidate[] => {
    const { transport, kind, place } =
      (typeof candidate === 'string' ? grammar.exec(candidate)?.groups : undefined) ?? {}
    if (transport === undefined || kind === undefined || place === undefined) throw bad('a candidate')
    const endpoint = parseEndpoint(place)
    const key = `${transport} ${formatEndpoint(endpoint)}`
    if (seen.has(key) || !isAllowed(endpoint, loopback)) return []
    seen.add(key)
    return [{ transport: transport as PunchTransport, kind: kind as CandidateKind, endpoint }]
  })
  return { id, password, candidates: read }
}
