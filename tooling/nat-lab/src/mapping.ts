import { once } from 'node:events'
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { MappingProtocol } from '@p2p/network/port-mapping'
import { makeAttempts } from './attempts.ts'
import type { Case, Laboratory } from './laboratory.ts'
import { run, until } from './shell.ts'
import { open, sites } from './topology.ts'

/** miniupnpd refuses addresses outside that are not global. Made up, and nobody's, as these networks lead nowhere. */
const outside = { router: '100.200.0.2', host: '100.200.0.4' }

/** What miniupnpd wants to find, beside a router that works. */
const rules = `flush ruleset
table inet filter {
  chain miniupnpd { }
  chain prerouting_miniupnpd { }
  chain postrouting_miniupnpd { }
  chain forward { type filter hook forward priority 0
    ct state established,related accept
    iifname lan accept
    jump miniupnpd
    iifname wan drop
  }
  chain pre { type nat hook prerouting priority -100
    jump prerouting_miniupnpd
  }
  chain post { type nat hook postrouting priority 100
    jump postrouting_miniupnpd
    oifname wan masquerade
  }
}
`

const configuration = `ext_ifname=wan
ext_ip=${outside.router}
listening_ip=lan
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
system_uptime=yes
uuid=00000000-0000-4000-8000-000000000000
allow 1024-65535 10.0.0.0/8 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
`

/** The ports of NAT-PMP and of SSDP. */
const listening = ['5351', '1900']

/** Starts the router's program, and waits until it can be asked. */
const begin = async (): Promise<ChildProcess> => {
  const { router } = sites.a
  await run('ip', ['-n', router, 'addr', 'replace', `${outside.router}/24`, 'dev', 'wan'])
  await run('ip', ['-n', open.host, 'addr', 'replace', `${outside.host}/24`, 'dev', 'wan'])
  await run('ip', ['netns', 'exec', router, 'nft', '-f', '-'], rules)
  writeFileSync('/run/miniupnpd.conf', configuration)
  const args = [
    'netns',
    'exec',
    router,
    'miniupnpd',
    '-d',
    '-f',
    '/run/miniupnpd.conf',
    '-P',
    '/run/miniupnpd.pid',
  ]
  const daemon = spawn('ip', args, { stdio: 'ignore' })
  try {
    await until('miniupnpd', async () => {
      if (daemon.exitCode !== null) throw new Error(`miniupnpd ended with ${daemon.exitCode}`)
      const sockets = await run('ip', ['netns', 'exec', router, 'ss', '-Hlun'])
      return listening.every(port => sockets.includes(`:${port} `))
    })
  } catch (error) {
    await end(daemon)
    throw error
  }
  return daemon
}

/** Ends it, and waits until its ports and its file are free for the next one. */
const end = async (daemon: ChildProcess) => {
  if (daemon.exitCode !== null) return
  const ended = once(daemon, 'exit')
  daemon.kill()
  await ended
}

/** Dials of a second each, until a port counts as closed that should be open. */
const dials = 3

const attempt = async ({ host }: Laboratory, protocol: MappingProtocol, port: number): Promise<string[]> => {
  const [inside, stranger] = [await host('a'), await host('c')]
  const isOpen = async () => {
    const answer = await stranger.ask({ type: 'dial', address: outside.router, port })
    return answer.type === 'dialled' && answer.isOpen
  }
  /** One that is late with its answer is not closed. */
  const isReached = async () => {
    for (let dial = 0; dial < dials; dial++) if (await isOpen()) return true
    return false
  }
  if (await isOpen()) return ['the port was open before it was mapped']
  const wrong: string[] = []
  const lifetime = 4_000
  const mapped = await inside.ask({ type: 'map', protocol, port, lifetime })
  if (mapped.type !== 'mapped') return [JSON.stringify(mapped)]
  if (mapped.address !== outside.router || mapped.port !== port)
    wrong.push(`mapped to ${JSON.stringify(mapped)}`)
  if (!(await isReached())) wrong.push('it cannot be reached from outside')
  // Longer than the router was asked to keep it, without being asked again
  await new Promise(resolve => setTimeout(resolve, lifetime * 1.5))
  if (!(await isReached())) wrong.push('it was not renewed')
  await inside.ask({ type: 'unmap' })
  if (await isOpen()) wrong.push('it can be reached after it was removed')
  return wrong
}

/** Has miniupnpd map a port by a protocol: reached from outside, renewed, removed. */
const map =
  (protocol: MappingProtocol, port: number): Case =>
  async laboratory => {
    // Of each attempt its own: the host still listens at the last one's
    let next = port
    const { words, ok, wrong } = await makeAttempts(1, laboratory.mayRepeat, async () => {
      const router = await begin()
      try {
        const found = await attempt(laboratory, protocol, next++)
        return found.length === 0 ? undefined : found.join('; ')
      } finally {
        await end(router)
      }
    })
    const name = `${protocol}: a port is mapped by miniupnpd, reached from outside, renewed, removed`
    return { name: `${name}: ${words}`, ok, wrong }
  }

/** Every protocol. */
export const mappings: readonly Case[] = [map('nat-pmp', 4_441), map('upnp', 4_451)]
