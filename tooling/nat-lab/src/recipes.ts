import { tryRun, run } from './shell.ts'
import type { Site } from './topology.ts'

/** How a router is set up: what nftables makes of each behaviour. */
export type Recipe =
  | 'full'
  | 'restricted'
  | 'port-restricted'
  | 'symmetric'
  | 'sequential+1'
  | 'sequential+2'
  | 'sequential-3'
  | 'offset'
  | 'dependent'
  | 'permuted'
  | 'full-permuted'
  | 'udp-blocked'

type Place = Pick<Site, 'address' | 'wan'>

const ports = Array.from({ length: 64_512 }, (_, index) => 1_024 + index)

/** One port for another, one to one. A multiplier is coprime with the number of ports. */
const moved: Readonly<Record<string, (port: number) => number>> = {
  offset: port => 1_024 + ((port - 1_024 + 5_000) % ports.length),
  dependent: port => 1_024 + (((port - 1_024) * 11) % ports.length),
}

/** A permutation without a rule that could be seen: by a generator with a fixed seed. */
const shuffled = () => {
  const list = [...ports]
  let state = 12_345
  for (let end = list.length - 1; end > 0; end--) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const other = state % (end + 1)
    ;[list[end], list[other]] = [list[other] as number, list[end] as number]
  }
  return list
}

/** A map of ports, by its name in the rules. */
interface PortMap {
  readonly name: 'out' | 'back'
  readonly pairs: readonly (readonly [number, number])[]
}

/** Elements per load: more than fit into a message of netlink, as large as one may be without being the real root, are refused. */
const chunk = 1_024

/** Ports that follow each other. A map, because `numgen` gives its number in the wrong byte order for a port. */
const sequence = (step: number) =>
  Array.from(
    { length: 2_000 },
    (_, index) => `${index} : ${step > 0 ? 40_000 + index * step : 50_000 + index * step}`,
  ).join(', ')

const source = (recipe: Recipe, { wan }: Place): readonly [maps: readonly PortMap[], rule: string] => {
  const mapped = `meta l4proto udp snat to ${wan}:udp sport map @out`
  switch (recipe) {
    case 'symmetric':
      return [[], 'masquerade fully-random']
    case 'sequential+1':
    case 'sequential+2':
    case 'sequential-3': {
      const step = Number(recipe.slice('sequential'.length))
      const to = `snat to ${wan}:numgen inc mod 2000 map { ${sequence(step)} }`
      return [[], `meta l4proto { tcp, udp } ${to}`]
    }
    case 'offset':
    case 'dependent': {
      const move = moved[recipe] as (port: number) => number
      return [[{ name: 'out', pairs: ports.map(port => [port, move(port)]) }], mapped]
    }
    case 'permuted':
    case 'full-permuted': {
      const list = shuffled()
      const pairs = ports.map((port, index) => [port, list[index] as number] as const)
      const back: PortMap = { name: 'back', pairs: pairs.map(([from, to]) => [to, from]) }
      const out: PortMap = { name: 'out', pairs }
      return [recipe === 'full-permuted' ? [out, back] : [out], mapped]
    }
    default:
      return [[], 'masquerade']
  }
}

/** Rules for packets that come from outside without being an answer. */
const inward = (recipe: Recipe, { address }: Place): readonly [dnat: string, forward: string] => {
  switch (recipe) {
    case 'full':
      return [`iifname wan udp dport 1024-65535 dnat to ${address}`, '']
    case 'full-permuted':
      return [`iifname wan meta l4proto udp dnat to ${address}:udp dport map @back`, '']
    case 'restricted':
      return [
        `iifname wan udp dport 1024-65535 dnat to ${address}`,
        `iifname lan update @peers { udp sport . ip daddr }
         iifname wan udp dport . ip saddr @peers accept
         iifname wan ct state new drop`,
      ]
    case 'udp-blocked':
      return ['', 'meta l4proto udp drop']
    default:
      return ['', '']
  }
}

/**
 * The rules of a router. Home routers drop what comes from outside unasked for; without the rule for that Linux would remember such a packet, and
 * give the answer to it another port.
 *
 * @param loss the share of packets that get lost on each way, in percent
 * @returns scripts of nftables, to be loaded one after the other
 */
export const rules = (recipe: Recipe, place: Place, loss = 0): readonly string[] => {
  const [maps, snat] = source(recipe, place)
  const [dnat, forward] = inward(recipe, place)
  const lose = loss === 0 ? '' : `meta l4proto udp numgen random mod 100 < ${loss} drop`
  const declared = maps.map(({ name }) => `map ${name} { type inet_service : inet_service; }`)
  const table = `flush ruleset
table ip lab {
  ${declared.join('\n  ')}
  set peers { type inet_service . ipv4_addr; flags dynamic; timeout 2m; }
  chain local { type filter hook input priority 0; iifname wan ct state new drop; }
  chain pass { type filter hook forward priority 0
    ${lose}
    ${forward}
  }
  chain pre { type nat hook prerouting priority -100
    ${dnat}
  }
  chain post { type nat hook postrouting priority 100
    oifname wan ${snat}
    oifname wan masquerade
  }
}
`
  return [table, ...maps.flatMap(elements)]
}

const elements = ({ name, pairs }: PortMap): string[] =>
  Array.from({ length: Math.ceil(pairs.length / chunk) }, (_, index) => {
    const part = pairs.slice(index * chunk, (index + 1) * chunk)
    return `add element ip lab ${name} { ${part.map(([from, to]) => `${from} : ${to}`).join(', ')} }\n`
  })

/** Sets up a router anew, script by script; what it had mapped is forgotten. */
export const setUp = async (router: string, scripts: readonly string[]): Promise<void> => {
  for (const script of scripts) await run('ip', ['netns', 'exec', router, 'nft', '-f', '-'], script)
  // It fails where there is nothing to forget
  await tryRun('ip', ['netns', 'exec', router, 'conntrack', '-F'])
}

/** A public host that only lets answers in, or everything. */
export const firewall = (isClosed: boolean): readonly string[] => [
  isClosed
    ? `flush ruleset
table ip lab {
  chain local { type filter hook input priority 0
    ct state established,related accept
    drop
  }
}
`
    : 'flush ruleset\n',
]
