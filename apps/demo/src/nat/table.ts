import { formatEndpoint } from '@p2p/network'
import type { NatReport } from '@p2p/network/nat'
import { printable } from '../words.ts'
import { type Findings, reachability } from './look.ts'

/** Columns as wide as what is in them. */
const table = (rows: readonly (readonly string[])[]): string[] => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  return rows.map(row =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

const known = (value: string | undefined) => value ?? 'not known'

const report = (nat: NatReport): string[] => {
  const { local, public: seen, hairpin, portAllocation: ports } = nat
  const allocation =
    ports === undefined
      ? undefined
      : `${ports.kind}${ports.step === 0 ? '' : ` ${ports.step > 0 ? '+' : ''}${ports.step}`}`
  return [
    ...table([
      ['  status', nat.status],
      ['  kind', known(nat.classic)],
      ['  from', local === undefined ? 'not known' : formatEndpoint(local)],
      ['  seen as', seen === undefined ? 'not known' : formatEndpoint(seen)],
      ['  mapping', known(nat.mapping)],
      ['  filtering', known(nat.filtering)],
      ['  ports', known(allocation)],
      [
        '  hairpin',
        nat.translated === false ? 'no NAT' : hairpin === undefined ? 'not known' : hairpin ? 'yes' : 'no',
      ],
      ['  reachable', reachability(nat)],
    ]),
    ...nat.servers.map(
      ({ server, rtt, error }) => `  ${server}: ${rtt === undefined ? (error ?? 'no answer') : `${rtt} ms`}`,
    ),
    ...nat.unknown.map(each => `  not known: ${each}`),
  ].map(printable)
}

/** The findings for people. */
export const asTable = ({ interfaces, routes, nat }: Findings): string[] => [
  ...table([
    ['INTERFACE', 'KIND', 'STATE', 'MTU', 'ADDRESSES', 'GATEWAYS'],
    ...interfaces.map(({ name, kind, up, mtu, addresses, gateways }) => [
      printable(name),
      kind,
      up ? 'up' : 'down',
      String(mtu ?? ''),
      addresses.map(({ address, prefix }) => `${address}/${prefix}`).join(' '),
      gateways.map(({ address, family }) => address ?? `IPv${family}`).join(' '),
    ]),
  ]),
  '',
  ...table([
    ['ROUTE', 'FAMILY', 'BIND TO', 'SEEN AS'],
    ...routes.map(({ interface: name, family, nicIps, linkLocal, extIps }) => [
      printable(name),
      `IPv${family}`,
      [...nicIps, ...linkLocal].join(' '),
      extIps.length === 0 ? 'not measured' : `${extIps.join(' ')} (assumed)`,
    ]),
  ]),
  '',
  ...(nat.length === 0 ? ['NAT  not measured: name a STUN server with --server'] : []),
  ...nat.flatMap(each => [
    `NAT of IPv${each.family}`,
    ...('error' in each ? [`  ${each.error}`] : report(each)),
  ]),
]
