import type { NetworkInterfaceInfo } from 'node:os'
import type { Clock, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { canonicalIp, type Family, scopeOf } from '../core/ip.ts'
import { NetworkError } from '../errors.ts'
import { type Gateway, type InterfaceAddress, type InterfaceInfo, virtualKinds } from './info.ts'
import { linuxView } from './linux.ts'
import { type Machine, thisMachine } from './machine.ts'
import { macosView } from './macos.ts'
import type { Link, SystemView } from './system-view.ts'
import { windowsView } from './windows.ts'

/** Options of {@link listInterfaces}. */
export interface ListOptions extends WaitOptions {
  /** Bridges, and what has no hardware. Default `false`; one that a default route leads through is listed all the same. */
  readonly includeVirtual?: boolean
  /** Default `false`. */
  readonly includeLoopback?: boolean
  /** What is read. Default: this machine. */
  readonly machine?: Machine
  /** Whose time the deadline is in. Default: the machine's. */
  readonly clock?: Clock
}

/** Milliseconds for the tools of macOS and Windows, of which PowerShell needs more than a second to start. */
export const listTimeout = 10_000

const viewOf = async (machine: Machine, signal: AbortSignal): Promise<SystemView> => {
  if (machine.platform === 'linux' || machine.platform === 'android') return linuxView(machine)
  if (machine.platform === 'win32') return windowsView(machine, signal)
  return macosView(machine, signal)
}

/** Asks the system, and stops the tools when nobody waits any more. */
const ask = (machine: Machine, clock: Clock, options: WaitOptions): Promise<SystemView> => {
  const what = 'the list of network interfaces'
  return wait({ clock, what, signal: options.signal, timeout: options.timeout ?? listTimeout }, waiter => {
    const controller = new AbortController()
    viewOf(machine, controller.signal).then(waiter.resolve, (cause: unknown) => {
      const message = 'the system does not tell its network interfaces'
      waiter.reject(new NetworkError('P2P_NETWORK_UNKNOWN', message, { cause }))
    })
    return () => controller.abort()
  })
}

/**
 * The network interfaces of this machine. It works without any network and asks nothing of it.
 *
 * On Linux it reads the kernel's files; on macOS, the BSDs and Windows it starts the system's own tools. Default deadline 10 000 ms.
 *
 * @returns the interfaces with a default route first, then in the system's order
 * @throws `P2P_NETWORK_UNKNOWN` if the tools fail; `P2P_TIMEOUT`, `P2P_ABORTED`
 */
export const listInterfaces = async (options: ListOptions = {}): Promise<InterfaceInfo[]> => {
  const { machine = thisMachine, clock = systemClock } = options
  const view = await ask(machine, clock, options)
  const addresses = machine.interfaces()
  const known = new Set(view.links.map(({ name }) => name))
  // Where /sys is hidden, as on Android, or somebody else's, the addresses still tell the names.
  const named = new Set([...(view.names ?? []), ...Object.keys(addresses)])
  const hidden = [...named].filter(name => !known.has(name))
  const links = [...view.links, ...hidden.map(name => guessed(name, addresses[name] ?? []))]
  const first = new Map<Family, string>()
  const routes = [...view.routes].sort((a, b) => a.metric - b.metric)
  for (const { name, family } of routes) if (!first.has(family)) first.set(family, name)

  return links
    .map((link): InterfaceInfo => {
      const gateways = routes
        .filter(({ name }) => name === link.name)
        .map(({ family, metric, gateway }): Gateway => ({
          family,
          metric,
          ...(gateway === undefined ? {} : { address: gateway }),
        }))
      const defaultFor = ([4, 6] as const).filter(family => first.get(family) === link.name)
      const own = addresses[link.name] ?? []
      return { ...link, addresses: own.map(each => toAddress(link.name, each, view)), gateways, defaultFor }
    })
    .filter(({ kind, defaultFor }) => {
      if (kind === 'loopback') return options.includeLoopback === true
      return options.includeVirtual === true || !virtualKinds.has(kind) || defaultFor.length > 0
    })
    .sort((a, b) => b.defaultFor.length - a.defaultFor.length)
}

const guessed = (name: string, addresses: readonly NetworkInterfaceInfo[]): Link => {
  const mac = addresses[0]?.mac
  return {
    name,
    kind: name === 'lo' || addresses.some(({ internal }) => internal) ? 'loopback' : 'unknown',
    // Only what is up is seen to have addresses
    up: addresses.length > 0,
    ...(mac === undefined || mac === '00:00:00:00:00:00' ? {} : { mac }),
  }
}

const toAddress = (name: string, info: NetworkInterfaceInfo, view: SystemView): InterfaceAddress => {
  const address = canonicalIp(info.address.replace(/%.*$/, ''))
  const family = info.family === 'IPv4' ? 4 : 6
  // Node.js leaves it out for a netmask with holes, which no working network has
  const prefix = Number(info.cidr?.split('/')[1] ?? (family === 4 ? 32 : 128))
  return { address, family, prefix, scope: scopeOf(address), ...view.addressFlags?.(name, address) }
}
