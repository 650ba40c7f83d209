import { createMesh, identityFromKey, type Mesh, plaintext } from '@p2p/mesh'
import { SeededRandom, SimulatedNetwork, VirtualClock } from '@p2p/simulation'
import { addressOf } from '../world/mesh-options.ts'

/** What is measured. */
export interface SpeedOptions {
  readonly seed: number
  readonly nodes: number
  /** Of virtual time, once the network has grown. */
  readonly minutes: number
  readonly print: (line: string) => void
}

const minute = 60_000
/** Between two nodes that start, in milliseconds: a network that grows, not one that boils. */
const growth = 20

/** How long a network in which all is well takes in real time: plain links, one broadcast a second by somebody. */
export const measureSpeed = async ({ seed, nodes, minutes, print }: SpeedOptions): Promise<void> => {
  const clock = new VirtualClock()
  const random = new SeededRandom(seed)
  const network = new SimulatedNetwork({
    clock,
    random: random.fork('network'),
    latency: { min: 5, max: 80 },
  })
  const meshes: Mesh[] = []
  let heard = 0
  for (let index = 0; index < nodes; index++) {
    const host = network.host(`n${index}`)
    const dice = random.fork(host.name)
    const mesh = await clock.run(
      createMesh({
        network: 'speed',
        transports: [host.transport],
        listen: [addressOf(host.name)],
        seeds: index === 0 ? [] : [addressOf(`n${dice.integer(Math.min(index, 3))}`)],
        identity: identityFromKey(dice.fill(new Uint8Array(32))),
        security: plaintext(),
        clock: host.clock,
        random: dice,
      }),
    )
    mesh.handle('/news', () => {
      heard++
    })
    meshes.push(mesh)
    await clock.advance(growth)
  }
  await clock.advance(minute)
  let said = 0
  const began = clock.monotonic()
  const say = () => {
    random.pick(meshes).broadcast('/news', said++)
    clock.after(1_000, say)
  }
  clock.after(1_000, say)
  const events = clock.events
  const start = process.cpuUsage()
  const from = performance.now()
  for (let count = 1; count <= minutes; count++) {
    await clock.advance(minute)
    if (count % 10 !== 0 && count !== minutes) continue
    const virtual = (clock.monotonic() - began) / 1_000
    const { user, system } = process.cpuUsage(start)
    const real = (performance.now() - from) / 1_000
    const cpu = (user + system) / 1e6
    print(
      `${count} min of ${nodes} nodes in ${real.toFixed(1)} s, ${cpu.toFixed(1)} s of processor time: an hour in ${((real / virtual) * 3_600).toFixed(0)} s; ${clock.events - events} events, ${heard} of ${(said - 1) * (nodes - 1)} deliveries`,
    )
  }
}
