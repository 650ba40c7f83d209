import type { NatReport } from '@p2p/network/nat'
import { tryRun } from './shell.ts'
import { stun } from './topology.ts'

const inside = (namespace: string, program: string, args: readonly string[]) =>
  tryRun('ip', ['netns', 'exec', namespace, program, ...args], '', 30_000)

/** How often another client must say otherwise: each waits for every answer once, and calls what comes late silence. */
const contradictions = 3

const repeated = async (mayRepeat: boolean, ask: () => Promise<boolean | undefined>) => {
  let agrees = await ask()
  for (let said = 1; mayRepeat && agrees === false && said < contradictions; said++) agrees = await ask()
  return agrees
}

const words = {
  'endpoint-independent': 'Endpoint Independent',
  'address-dependent': 'Address Dependent',
  'address-and-port-dependent': 'Address and Port Dependent',
} as const

/** Whom another client is compared with, and where it runs. */
export interface Comparison {
  readonly namespace: string
  /** That it asks from. */
  readonly address: string
  readonly report: NatReport
  /** Whether it is asked again while it says otherwise, three times in all. */
  readonly mayRepeat: boolean
}

/** Whether coturn's own client (RFC 5780) says the same; `undefined` if it is not there or says nothing of it. */
export const agreesWithCoturn = (comparison: Comparison): Promise<boolean | undefined> =>
  repeated(comparison.mayRepeat, () => coturnAgrees(comparison))

const coturnAgrees = async ({ namespace, address, report }: Comparison): Promise<boolean | undefined> => {
  const { text } = await inside(namespace, 'turnutils_natdiscovery', [
    '-m',
    '-f',
    '-L',
    address,
    stun.address,
  ])
  const said = /with (?<mapping>[A-Z][\w ]*) Mapping!/.exec(text)?.groups?.['mapping']
  const filters = /with (?<filtering>[A-Z][\w ]*) Filtering!/.exec(text)?.groups?.['filtering']
  const { mapping, filtering } = report
  if (said === undefined || filters === undefined || mapping === undefined || filtering === undefined)
    return undefined
  // Without a NAT it has no word for the mapping but this one
  const sameMapping = report.translated === false || said === words[mapping]
  return sameMapping && filters === words[filtering]
}

/** What Debian's client (RFC 3489) calls our names. */
const primary: Readonly<Record<string, string>> = {
  open: 'Open',
  'udp-firewall': 'Firewall',
  'full-cone': 'Independent Mapping, Independent Filter',
  'restricted-cone': 'Independent Mapping, Address Dependent Filter',
  'port-restricted-cone': 'Independent Mapping, Port Dependent Filter',
  symmetric: 'Dependent Mapping',
  blocked: 'Blocked',
}

/** Whether Debian's client says the same; `undefined` if it is not there. */
export const agreesWithDebian = (comparison: Comparison): Promise<boolean | undefined> =>
  repeated(comparison.mayRepeat, () => debianAgrees(comparison))

const debianAgrees = async ({ namespace, report }: Comparison): Promise<boolean | undefined> => {
  const { text } = await inside(namespace, 'stun', [stun.address])
  const said = /Primary: (?<name>.+)/.exec(text)?.groups?.['name']
  const name = primary[report.classic ?? '']
  return said === undefined || name === undefined ? undefined : said.startsWith(name) || text.includes(name)
}
