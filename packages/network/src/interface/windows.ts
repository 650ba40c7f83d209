import { canonicalIp, isIp } from '../core/ip.ts'
import type { InterfaceKind } from './info.ts'
import type { Machine } from './machine.ts'
import type { DefaultRoute, Link, SystemView } from './system-view.ts'

/** One question to PowerShell, answered in JSON. Numbers instead of names of states, because names are translated. */
const script = [
  '$ErrorActionPreference = "Stop"',
  '[Console]::OutputEncoding = [Text.Encoding]::UTF8',
  '$a = @(Get-NetAdapter -IncludeHidden | Select-Object Name, ifIndex, MacAddress, MtuSize, Virtual,' +
    ' @{n="Status";e={[int]$_.InterfaceOperationalStatus}}, @{n="Type";e={[int]$_.InterfaceType}})',
  '$r = @(Get-NetRoute -DestinationPrefix "0.0.0.0/0","::/0" -ErrorAction SilentlyContinue |' +
    ' Select-Object InterfaceAlias, DestinationPrefix, NextHop, RouteMetric, InterfaceMetric)',
  'ConvertTo-Json -Compress -Depth 3 @{ adapters = $a; routes = $r }',
].join('; ')

/** Types of interfaces, of IANA's ifType registry. */
const types = new Map<number, InterfaceKind>([
  [6, 'ethernet'],
  [71, 'wifi'],
  [243, 'cellular'],
  [244, 'cellular'],
  [24, 'loopback'],
  [209, 'bridge'],
  [23, 'tunnel'],
  [131, 'tunnel'],
])

/** IfOperStatusUp. */
const statusUp = 1

const fields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

/** The answer of PowerShell. @throws SyntaxError for what is not JSON */
export const parsePowerShell = (text: string): SystemView => {
  const answer = fields(JSON.parse(text))
  const links = list(answer['adapters']).flatMap((each): Link[] => {
    const { Name, ifIndex, MacAddress, MtuSize, Virtual, Status, Type } = fields(each)
    if (typeof Name !== 'string') return []
    const kind = types.get(Number(Type)) ?? 'unknown'
    return [
      {
        name: Name,
        kind: kind === 'ethernet' && Virtual === true ? 'virtual' : kind,
        up: Status === statusUp,
        ...(typeof ifIndex === 'number' ? { index: ifIndex } : {}),
        ...(typeof MtuSize === 'number' && MtuSize < 2 ** 31 ? { mtu: MtuSize } : {}),
        ...(typeof MacAddress === 'string' && MacAddress !== ''
          ? { mac: MacAddress.replaceAll('-', ':').toLowerCase() }
          : {}),
      },
    ]
  })
  const routes = list(answer['routes']).flatMap((each): DefaultRoute[] => {
    const { InterfaceAlias, DestinationPrefix, NextHop, RouteMetric, InterfaceMetric } = fields(each)
    if (typeof InterfaceAlias !== 'string' || typeof NextHop !== 'string') return []
    const hop = NextHop.replace(/%.*$/, '')
    const isOnLink = hop === '0.0.0.0' || hop === '::' || !isIp(hop)
    return [
      {
        name: InterfaceAlias,
        family: DestinationPrefix === '::/0' ? 6 : 4,
        metric: (Number(RouteMetric) || 0) + (Number(InterfaceMetric) || 0),
        ...(isOnLink ? {} : { gateway: canonicalIp(hop) }),
      },
    ]
  })
  return { links, routes }
}

/** How Windows shows its network. Tested on fixtures written from the documented formats, not on such a machine. */
export const windowsView = async (machine: Machine, signal: AbortSignal): Promise<SystemView> => {
  const args = ['-NoProfile', '-NonInteractive', '-Command', script]
  return parsePowerShell(await machine.run('powershell.exe', args, signal))
}
