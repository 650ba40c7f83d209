import { type Family, fromBytes } from '../core/ip.ts'
import type { InterfaceKind } from './info.ts'
import type { Machine } from './machine.ts'
import type { DefaultRoute, Link, SystemView } from './system-view.ts'

const sys = '/sys/class/net'

/** Types of hardware, of the kernel's if_arp.h. */
const arp = {
  ethernet: 1,
  ppp: 512,
  tunnel: 768,
  tunnel6: 769,
  loopback: 772,
  sit: 776,
  gre: 778,
  none: 65_534,
}
const tunnels: ReadonlySet<number> = new Set([arp.ppp, arp.tunnel, arp.tunnel6, arp.sit, arp.gre, arp.none])

const deviceTypes = new Map<string, InterfaceKind>([
  ['wlan', 'wifi'],
  ['wwan', 'cellular'],
  ['bridge', 'bridge'],
  ['wireguard', 'tunnel'],
  ['vxlan', 'tunnel'],
  ['vlan', 'virtual'],
  ['bond', 'ethernet'],
])

const kindOf = (machine: Machine, name: string): InterfaceKind => {
  const folder = `${sys}/${name}`
  const type = Number(machine.read(`${folder}/type`) ?? NaN)
  if (Number.isNaN(type)) return 'unknown'
  if (type === arp.loopback) return 'loopback'
  const deviceType = /^DEVTYPE=(\w+)$/m.exec(machine.read(`${folder}/uevent`) ?? '')?.[1] ?? ''
  const told = deviceTypes.get(deviceType)
  if (told !== undefined) return told
  const entries = machine.list(folder)
  if (entries.includes('wireless') || entries.includes('phy80211')) return 'wifi'
  if (entries.includes('bridge')) return 'bridge'
  if (tunnels.has(type) || entries.includes('tun_flags')) return 'tunnel'
  if (type !== arp.ethernet) return 'unknown'
  return entries.includes('device') ? 'ethernet' : 'virtual'
}

const flags = { up: 1, reject: 0x200, temporary: 0x01, deprecated: 0x20 }

/** IPv4 in hexadecimal, in the byte order of the machine that wrote it: little-endian on everything that Node.js runs on today but s390x. */
const little = (hex: string): string => {
  const bytes = Buffer.from(hex, 'hex')
  return fromBytes([...bytes].reverse())
}

/** `/proc/net/route`: Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT, all numbers but the metric hexadecimal. */
export const parseRoutes = (text: string): DefaultRoute[] =>
  text
    .split('\n')
    .slice(1)
    .flatMap(line => {
      const [name = '', destination, gateway = '', flag = '', , , metric = '', mask] = line.split(/\s+/)
      const set = Number.parseInt(flag, 16)
      const isDefault = destination === '00000000' && mask === '00000000'
      if (!isDefault || (set & flags.up) === 0 || (set & flags.reject) !== 0) return []
      return [route(name, 4, Number(metric), little(gateway))]
    })

/** `/proc/net/ipv6_route`: destination, its prefix, source, its prefix, next hop, metric, references, use, flags, interface. All hexadecimal. */
export const parseRoutes6 = (text: string): DefaultRoute[] =>
  text.split('\n').flatMap(line => {
    const [destination, prefix, , , hop = '', metric = '', , , flag = '', name = ''] = line
      .trim()
      .split(/\s+/)
    const set = Number.parseInt(flag, 16)
    const isDefault = destination === '0'.repeat(32) && prefix === '00'
    if (!isDefault || (set & flags.up) === 0 || (set & flags.reject) !== 0) return []
    return [route(name, 6, Number.parseInt(metric, 16), fromBytes([...Buffer.from(hop, 'hex')]))]
  })

const route = (name: string, family: Family, metric: number, gateway: string): DefaultRoute => ({
  name,
  family,
  metric,
  ...(gateway === '0.0.0.0' || gateway === '::' ? {} : { gateway }),
})

/** `/proc/net/if_inet6`: address, index, prefix, scope, flags, interface. The flags of each address, by `interface address`. */
const parseAddresses6 = (text: string): Map<string, { temporary: boolean; deprecated: boolean }> =>
  new Map(
    text.split('\n').flatMap(line => {
      const [address = '', , , , flag = '', name = ''] = line.trim().split(/\s+/)
      if (address.length !== 32) return []
      const set = Number.parseInt(flag, 16)
      const told = {
        temporary: (set & flags.temporary) !== 0,
        deprecated: (set & flags.deprecated) !== 0,
      }
      return [[`${name} ${fromBytes([...Buffer.from(address, 'hex')])}`, told]]
    }),
  )

const number = (text: string | undefined): number | undefined => {
  const value = Number(text ?? NaN)
  return Number.isInteger(value) && value >= 0 ? value : undefined
}

/**
 * The interfaces of our own network namespace, by `/proc/net/dev`. `/sys` shows those of the namespace in which it was mounted, which need not be
 * ours: then nothing of it is true here, and only the names are known.
 */
const namesOf = (machine: Machine): { readonly names: readonly string[]; readonly isSysOurs: boolean } => {
  // Files such as bonding_masters lie there too
  const shown = machine.list(sys).filter(name => machine.read(`${sys}/${name}/ifindex`) !== undefined)
  const table = machine.read('/proc/net/dev')
  if (table === undefined) return { names: shown, isSysOurs: true }
  const names = [...table.matchAll(/^\s*(\S+):/gm)].map(([, name = '']) => name)
  const isSysOurs = names.length === shown.length && names.every(name => shown.includes(name))
  return { names, isSysOurs }
}

const linkOf = (machine: Machine, name: string): Link => {
  const index = number(machine.read(`${sys}/${name}/ifindex`))
  const state = machine.read(`${sys}/${name}/operstate`)?.trim()
  const flag = Number(machine.read(`${sys}/${name}/flags`) ?? 0)
  const mtu = number(machine.read(`${sys}/${name}/mtu`))
  const mac = machine.read(`${sys}/${name}/address`)?.trim() ?? ''
  return {
    name,
    kind: kindOf(machine, name),
    // The loopback, and tunnels, are `unknown` while they work
    up: (flag & flags.up) !== 0 && (state === 'up' || state === 'unknown'),
    ...(index === undefined ? {} : { index }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(/^(?:00:){5}00$|^$/.test(mac) ? {} : { mac }),
  }
}

/** How Linux shows its network: files of the kernel, no program is started. */
export const linuxView = (machine: Machine): SystemView => {
  const flagged = parseAddresses6(machine.read('/proc/net/if_inet6') ?? '')
  const { names, isSysOurs } = namesOf(machine)
  return {
    names,
    links: isSysOurs ? names.map(name => linkOf(machine, name)) : [],
    routes: [
      ...parseRoutes(machine.read('/proc/net/route') ?? ''),
      ...parseRoutes6(machine.read('/proc/net/ipv6_route') ?? ''),
    ],
    addressFlags: (name, address) => flagged.get(`${name} ${address}`),
  }
}
