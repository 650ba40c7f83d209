import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { MappingProtocol } from '@p2p/network/port-mapping'
import type { Case, Laboratory } from './laboratory.ts'
import { run } from './shell.ts'
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

const begin = async () => {
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
  return spawn('ip', args, { stdio: 'ignore' })
}

const attempt = async ({ host }: Laboratory, protocol: MappingProtocol, port: number): Promise<string[]> => {
  const [inside, stranger] = [await host('a'), await host('c')]
  const isOpen = async () => {
    const answer = await stranger.ask({ type: 'dial', address: outside.router, port })
    return answer.type === 'dialled' && answer.isOpen
  }
  if (await isOpen()) return ['the port was open before it was mapped']
  const wrong: string[] = []
  const lifetime = 4_000
  const mapped = await inside.ask({ type: 'map', protocol, port, lifetime })
  if (mapped.type !== 'mapped') return [JSON.stringify(mapped)]
  if (mapped.address !== outside.router || mapped.port !== port)
    wrong.push(`mapped to ${JSON.stringify(mapped)}`)
  if (!(await isOpen())) wrong.push('it cannot be reached from outside')
  // Longer than the router was asked to keep it, without being asked again
  await new Promise(resolve => setTimeout(resolve, lifetime * 1.5))
  if (!(await isOpen())) wrong.push('it was not renewed')
  await inside.ask({ type: 'unmap' })
  if (await isOpen()) wrong.push('it can be reached after it was removed')
  return wrong
}

/** Has miniupnpd map a port by a protocol: reached from outside, renewed, removed. */
const map =
  (protocol: MappingProtocol, port: number): Case =>
  async laboratory => {
    const router = await begin()
    try {
      const wrong = await attempt(laboratory, protocol, port)
      const name = `${protocol}: a port is mapped by miniupnpd, reached from outside, renewed, removed`
      return { name, ok: wrong.length === 0, wrong }
    } finally {
      router.kill()
    }
  }

/** Every protocol. */
export const mappings: readonly Case[] = [map('nat-pmp', 4_441), map('upnp', 4_442)]
