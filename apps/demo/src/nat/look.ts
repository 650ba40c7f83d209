import { Interface, type InterfaceInfo, listInterfaces, type RouteFields } from '@p2p/network'
import { detectNat, type NatReport } from '@p2p/network/nat'
import { describe } from '../words.ts'

/** What this machine can bind, and what the world sees of it. */
export interface Findings {
  readonly interfaces: readonly InterfaceInfo[]
  readonly routes: readonly RouteFields[]
  /** Of each family that was asked for; an error in words where it could not be measured. Empty without servers. */
  readonly nat: readonly (NatReport | { readonly family: 4 | 6; readonly error: string })[]
}

/** Looks at this machine, and asks the servers, if there are any, for both families. */
export const look = async (servers: readonly string[], signal: AbortSignal): Promise<Findings> => {
  const interfaces = await listInterfaces({ signal })
  const opened = await Promise.all(interfaces.map(({ name }) => Interface.open({ name, signal })))
  const routes = opened.flatMap(nic => nic.routes.toJSON())
  const measure = async (family: 4 | 6) => {
    try {
      return await detectNat({ servers, family, signal })
    } catch (error) {
      if (signal.aborted) throw error
      return { family, error: describe(error) }
    }
  }
  return {
    interfaces,
    routes,
    nat: servers.length === 0 ? [] : await Promise.all(([4, 6] as const).map(measure)),
  }
}

const outside: Readonly<Record<NonNullable<NatReport['classic']>, string>> = {
  open: 'everything that listens here can be reached from outside',
  'udp-firewall': 'nothing can be reached that has not spoken first; punching opens it for one peer',
  'full-cone': 'a port that has spoken once can be reached by everybody',
  'restricted-cone': 'a port can be reached by the machines that it has spoken to; punching opens it',
  'port-restricted-cone': 'a port can be reached by the ports that it has spoken to; punching opens it',
  symmetric:
    'only who a port has spoken to reaches it; punching works if the other side is not strict, or the ports can be foretold',
  blocked: 'nothing over UDP; TCP or a relay is what is left',
}

/** What can be reached from outside, in words. */
export const reachability = (report: NatReport): string =>
  report.classic === undefined ? 'not known: the measurement is not complete' : outside[report.classic]
