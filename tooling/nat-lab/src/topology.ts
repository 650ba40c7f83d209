import { rules, setUp } from './recipes.ts'
import { run } from './shell.ts'

/** Where the STUN server is: two addresses, two ports. */
export const stun = { address: '203.0.113.10', other: '203.0.113.11', port: 3_478, otherPort: 3_479 }

/** A host, and the router that it is behind. */
export interface Site {
  readonly host: string
  readonly address: string
  readonly router: string
  /** The router's address outside. */
  readonly wan: string
}

/** Two homes, and one behind a carrier's NAT. */
export const sites: Readonly<Record<'a' | 'b' | 'd', Site>> = {
  a: { host: 'a', address: '10.0.1.2', router: 'na', wan: '203.0.113.2' },
  b: { host: 'b', address: '10.0.2.2', router: 'nb', wan: '203.0.113.3' },
  d: { host: 'd', address: '10.0.4.2', router: 'nd', wan: '100.64.0.2' },
}

/** A host of the Internet itself. */
export const open = { host: 'c', address: '203.0.113.4' }

/** The carrier's router. */
export const carrier = { router: 'cg', inside: '100.64.0.1', wan: '203.0.113.5' }

/** A host with two uplinks, the first of which is its default route. A second table of routes knows the other one. */
export const twoUplinks = {
  host: 'e',
  one: { address: '10.0.5.2', router: 'n1', wan: '203.0.113.6' },
  two: { address: '10.0.6.2', router: 'n2', wan: '203.0.113.7' },
}

const gatewayOf = (address: string) => address.replace(/\d+$/, '1')

/**
 * The Internet is a bridge; documentation addresses stand for public ones. One line each for `ip -batch` and the kernel's settings.
 *
 *     a — na ┐          ┌ nb — b
 *            ├ internet ┤
 *     d — nd — cg ┘     ├ c
 *                       └ n1, n2 — e
 */
export const build = async (): Promise<void> => {
  const { one, two } = twoUplinks
  const routers = [
    ...Object.values(sites).map(({ router }) => router),
    carrier.router,
    one.router,
    two.router,
  ]
  const hosts = [...Object.values(sites).map(({ host }) => host), open.host, twoUplinks.host]
  const spaces = ['internet', ...routers, ...hosts]
  const script = spaces.flatMap(name => [`ip netns add ${name}`, `ip -n ${name} link set lo up`])
  const link = (one: string, device: string, two: string, other: string) =>
    script.push(`ip link add ${device} netns ${one} type veth peer name ${other} netns ${two}`)
  const set = (space: string, device: string, address?: string) => {
    if (address !== undefined) script.push(`ip -n ${space} addr add ${address}/24 dev ${device}`)
    script.push(`ip -n ${space} link set ${device} up`)
  }
  const leads = (space: string, gateway: string) =>
    script.push(`ip -n ${space} route add default via ${gateway}`)

  script.push('ip -n internet link add bridge type bridge')
  set('internet', 'bridge', stun.address)
  script.push(`ip -n internet addr add ${stun.other}/24 dev bridge`)
  const join = (space: string, address: string) => {
    link(space, 'wan', 'internet', `to-${space}`)
    set(space, 'wan', address)
    script.push(`ip -n internet link set to-${space} master bridge`, `ip -n internet link set to-${space} up`)
  }
  join(open.host, open.address)
  join(carrier.router, carrier.wan)
  for (const { host, address, router, wan } of Object.values(sites)) {
    link(router, 'lan', host, 'eth0')
    set(router, 'lan', gatewayOf(address))
    set(host, 'eth0', address)
    leads(host, gatewayOf(address))
    if (router !== sites.d.router) join(router, wan)
  }
  for (const [name, { address, router, wan }] of [
    ['one', one],
    ['two', two],
  ] as const) {
    link(router, 'lan', twoUplinks.host, name)
    set(router, 'lan', gatewayOf(address))
    set(twoUplinks.host, name, address)
    join(router, wan)
  }
  leads(twoUplinks.host, gatewayOf(one.address))
  script.push(`ip -n ${twoUplinks.host} route add default via ${gatewayOf(two.address)} table 7`)
  link(carrier.router, 'lan', sites.d.router, 'wan')
  set(carrier.router, 'lan', carrier.inside)
  set(sites.d.router, 'wan', sites.d.wan)
  leads(sites.d.router, carrier.inside)
  for (const router of routers) script.push(`ip netns exec ${router} sysctl -qw net.ipv4.ip_forward=1`)
  await run('sh', ['-e'], script.join('\n'))
  for (const { router, address, wan } of [one, two])
    await setUp(router, rules('port-restricted', { address, wan }))
}
