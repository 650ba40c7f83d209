import { tryRun } from './shell.ts'

/** What each program is part of, on Debian. */
const packages = {
  ip: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack',
  turnserver: 'coturn',
  miniupnpd: 'miniupnpd',
}

/** How to get network namespaces of our own: as root, or as the root of a user namespace. */
const ways = [
  ['--net', '--mount', '--kill-child'],
  ['--user', '--map-root-user', '--net', '--mount', '--kill-child'],
] as const

/** Why the laboratory cannot run here, or by which arguments of `unshare` it can. */
export const findWay = async (): Promise<
  { readonly way: readonly string[] } | { readonly reason: string }
> => {
  if (process.platform !== 'linux')
    return { reason: `there are no network namespaces on ${process.platform}` }
  for (const [program, name] of Object.entries(packages)) {
    const { ok } = await tryRun('sh', ['-c', `command -v ${program}`])
    if (!ok) return { reason: `${program} is not installed; it is in the package ${name} of Debian` }
  }
  const probe =
    'mount -t tmpfs tmpfs /run && ip netns add probe && nft list ruleset && ip -n probe link set lo up'
  let last = ''
  for (const way of ways) {
    const { ok, text } = await tryRun('unshare', [...way, 'sh', '-c', probe])
    if (ok) return { way }
    last = text.trim().split('\n').at(-1) ?? ''
  }
  return { reason: `the kernel does not let us make network namespaces: ${last}` }
}
