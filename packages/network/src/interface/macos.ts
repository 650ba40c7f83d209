import { canonicalIp, type Family, isIp } from '../core/ip.ts'
import type { InterfaceKind } from './info.ts'
import type { Machine } from './machine.ts'
import type { DefaultRoute, Link, SystemView } from './system-view.ts'

const tunnelNames = /^(?:utun|gif|stf|ipsec|ppp|tun|tap|wg)\d*$/
const virtualNames = /^(?:awdl|llw|anpi|ap|vmenet|vlan|feth|vnic|epair)\d*$/

/** `networksetup -listallhardwareports`: blocks of `Hardware Port: Wi-Fi`, `Device: en0`, `Ethernet Address: …`. */
export const parseHardwarePorts = (text: string): Map<string, InterfaceKind> =>
  new Map(
    [...text.matchAll(/^Hardware Port: (?<port>.+)\r?\nDevice: (?<device>\S+)/gm)].flatMap(
      ({ groups }): [string, InterfaceKind][] => {
        const { port = '', device = '' } = groups ?? {}
        if (/wi-?fi|airport/i.test(port)) return [[device, 'wifi']]
        if (/iphone|modem|wwan/i.test(port)) return [[device, 'cellular']]
        if (/bridge/i.test(port)) return [[device, 'bridge']]
        return /ethernet|lan|thunderbolt/i.test(port) ? [[device, 'ethernet']] : []
      },
    ),
  )

/** `ifconfig -a`: `en0: flags=8863<UP,…> mtu 1500`, then indented lines, of which `ether` and `status` count here. */
export const parseIfconfig = (text: string, ports: ReadonlyMap<string, InterfaceKind>): Link[] =>
  text.split(/^(?=\S+: flags=)/m).flatMap(block => {
    const head = /^(?<name>\S+): flags=\w+<(?<flags>[^>]*)>.*?(?:mtu (?<mtu>\d+))?$/m.exec(block)?.groups
    if (head === undefined) return []
    const { name = '', flags = '', mtu } = head
    const set = flags.split(',')
    const mac = /^\s+ether (\S+)/m.exec(block)?.[1]
    const status = /^\s+status: (.+)$/m.exec(block)?.[1]
    const named = tunnelNames.test(name) ? 'tunnel' : virtualNames.test(name) ? 'virtual' : undefined
    const byName = set.includes('LOOPBACK') ? 'loopback' : /^bridge\d/.test(name) ? 'bridge' : named
    return [
      {
        name,
        kind: ports.get(name) ?? byName ?? (mac === undefined ? 'unknown' : 'ethernet'),
        up: set.includes('UP') && set.includes('RUNNING') && status !== 'inactive',
        ...(mac === undefined ? {} : { mac }),
        ...(mtu === undefined ? {} : { mtu: Number(mtu) }),
      },
    ]
  })

/**
 * `netstat -rn -f inet` or `inet6`: `Destination Gateway Flags … Netif`, the interface in the fourth column. The first `default` is the one in
 * force, those with the flag `I` are bound to their interface and serve only what asks for it.
 */
export const parseNetstat = (text: string, family: Family): DefaultRoute[] =>
  text.split('\n').flatMap((line, index) => {
    const [destination, gateway = '', flags = '', name] = line.trim().split(/\s+/)
    if (destination !== 'default' || name === undefined || /[RB]/.test(flags)) return []
    const address = gateway.replace(/%.*$/, '')
    const metric = (flags.includes('I') ? 100_000 : 0) + index
    return [{ name, family, metric, ...(isIp(address) ? { gateway: canonicalIp(address) } : {}) }]
  })

/** How macOS and the BSDs show their network. Tested on fixtures written from the documented formats, not on such a machine. */
export const macosView = async (machine: Machine, signal: AbortSignal): Promise<SystemView> => {
  const isMac = machine.platform === 'darwin'
  const [ifconfig, four, six, ports] = await Promise.all([
    machine.run('ifconfig', ['-a'], signal),
    machine.run('netstat', ['-rn', '-f', 'inet'], signal),
    machine.run('netstat', ['-rn', '-f', 'inet6'], signal),
    isMac ? machine.run('networksetup', ['-listallhardwareports'], signal) : '',
  ])
  return {
    links: parseIfconfig(ifconfig, parseHardwarePorts(ports)),
    routes: [...parseNetstat(four, 4), ...parseNetstat(six, 6)],
  }
}
