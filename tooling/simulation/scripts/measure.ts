// What the engine costs, apart from the code of the hosts: `pnpm --filter @p2p/simulation measure`.
import { SeededRandom, SimulatedNetwork, VirtualClock } from '@p2p/simulation'

const processorTime = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}

/** The best of some rounds, in nanoseconds of processor time a unit: on a busy machine the rest measures the others. */
const measure = async (name: string, round: () => Promise<number>) => {
  const rounds = []
  for (let count = 0; count < 6; count++) {
    const start = processorTime()
    const units = await round()
    rounds.push((processorTime() - start) / units)
  }
  console.log(
    `${name.padEnd(62)} ${Math.min(...rounds)
      .toFixed(0)
      .padStart(6)} ns`,
  )
}

/** Hosts with timers that are set again whenever they fire. */
const timers = async (hosts: number, each: number, awaits: boolean) => {
  const clock = new VirtualClock()
  const random = new SeededRandom(1)
  for (let index = 0; index < hosts; index++) {
    const host = clock.host()
    for (let count = 0; count < each; count++) {
      const again = () => void host.after(500 + random.next() * 1000, fire)
      const later = async () => {
        await Promise.resolve()
        again()
      }
      const fire = awaits ? () => void later() : again
      again()
    }
  }
  const period = 1e9 / (hosts * each)
  const name = `a timer of ${hosts * each} pending${awaits ? ', set in a promise chain' : ''}`
  await measure(name, async () => {
    const before = clock.events
    await clock.advance(period)
    return clock.events - before
  })
}

/** Hosts with three connections each to others; every end sends a chunk a second. */
const chunks = async (length: number, loss: number) => {
  const clock = new VirtualClock()
  const random = new SeededRandom(1)
  const network = new SimulatedNetwork({ clock, random: random.fork('network'), loss: 0 })
  const hosts = Array.from({ length: 1000 }, (_, index) => network.host(`host${index}`))
  let delivered = 0
  const payload = new Uint8Array(length)
  const dials: Promise<void>[] = []
  for (const host of hosts) {
    const talk = (connection: Awaited<ReturnType<typeof host.transport.dial>>) => {
      connection.onData(() => (delivered += 1))
      const send = () => {
        connection.write(payload)
        host.clock.after(500 + random.next() * 1000, send)
      }
      send()
    }
    await host.transport.listen(`sim://${host.name}:1`, talk)
    for (let count = 0; count < 3; count++) {
      const other = hosts[random.integer(hosts.length)] ?? host
      dials.push(host.transport.dial(`sim://${other.name}:1`).then(talk))
    }
  }
  await clock.run(Promise.all(dials))
  network.loss = loss
  await measure(`a chunk of ${length} bytes, with its timer, loss ${loss * 100} %`, async () => {
    const before = delivered
    await clock.advance(60_000)
    return delivered - before
  })
}

const dice = async () => {
  const random = new SeededRandom(1)
  let sum = 0
  await measure('a number from the dice', async () => {
    for (let count = 0; count < 10_000_000; count++) sum += random.next()
    return 10_000_000
  })
  if (Number.isNaN(sum)) throw new Error('the dice throw no numbers')
}

await timers(1, 1, false)
await timers(100, 10, false)
await timers(1000, 10, false)
await timers(1000, 100, false)
await timers(1000, 10, true)
await chunks(64, 0)
await chunks(1024, 0)
await chunks(1024, 0.01)
await dice()
