/** Changes the interfaces of its network namespace, and writes down each change that is seen, one line each. */
import { execFileSync } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import { type InterfaceChange, watchInterfaces } from '../../src/index.ts'

interface Step {
  /** Commands of `ip`. */
  readonly commands: readonly string[]
  /** The change by which it is seen that they were carried out. */
  readonly until: (change: InterfaceChange) => boolean
}

const steps: readonly Step[] = [
  {
    commands: ['link add one type veth peer name two', 'link set one up', 'link set two up'],
    until: change => change.type === 'added' && change.interface.name === 'two',
  },
  {
    commands: ['addr add 10.7.0.2/24 dev one'],
    until: change =>
      change.type === 'addresses' && change.added.some(({ address }) => address === '10.7.0.2'),
  },
  {
    commands: ['route add default via 10.7.0.1 dev one'],
    until: change => change.type === 'default' && change.to !== undefined,
  },
  {
    commands: ['addr del 10.7.0.2/24 dev one'],
    until: change => change.type === 'default' && change.to === undefined,
  },
  {
    commands: ['link del one'],
    until: change => change.type === 'removed' && change.interface.name === 'two',
  },
]

const changes = watchInterfaces({ includeVirtual: true, interval: 20 })
let next = changes.next()
// The first look takes no time but that of promises
await setImmediate()
for (const { commands, until } of steps) {
  for (const command of commands) execFileSync('ip', command.split(' '))
  for (let isSeen = false; !isSeen; next = changes.next()) {
    const { value, done } = await next
    if (done === true) throw new Error('the watch has ended')
    console.log(JSON.stringify(value))
    isSeen = until(value)
  }
}
process.exit()
