import { tryRun } from './shell.ts'

/** What each program is part of, on Debian. */
const packages = {
  ip: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack',
  turnserver: 'coturn',
  miniupnpd: 'miniupnpd',
}

/** How to get network namespaces of our own. */
export interface Way {
  readonly name: string
  /** Arguments of `unshare`. */
  readonly args: readonly string[]
}

const ways: readonly Way[] = [
  { name: 'as root', args: ['--net', '--mount', '--kill-child'] },
  {
    name: 'as the root of a user namespace',
    args: ['--user', '--map-root-user', '--net', '--mount', '--kill-child'],
  },
]

/** What a laboratory does first; a kernel may forbid any of it. */
const probe =
  'mount -t tmpfs tmpfs /run && ip netns add probe && ip netns exec probe nft list ruleset && ip -n probe link set lo up'

/** The ways in which the laboratory can run here; or why it cannot. */
export const findWays = async (): Promise<readonly [Way, ...Way[]] | string> => {
  if (process.platform !== 'linux') return `there are no network namespaces on ${process.platform}`
  for (const [program, name] of Object.entries(packages)) {
    const { ok } = await tryRun('sh', ['-c', `command -v ${program}`])
    if (!ok) return `${program} is not installed; it is in the package ${name} of Debian`
  }
  let reason = ''
  const open: Way[] = []
  for (const way of ways) {
    const { ok, text } = await tryRun('unshare', [...way.args, 'sh', '-c', probe])
    if (ok) open.push(way)
    else reason = text.trim().split('\n').at(-1) ?? ''
  }
  const [first, ...rest] = open
  return first === undefined
    ? `the kernel does not let us make network namespaces: ${reason}`
    : [first, ...rest]
}
