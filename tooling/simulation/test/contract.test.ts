import { runContract } from '@p2p/contracts'
import type { Address } from '@p2p/interfaces'
import { type ContractCase, transportContract } from '@p2p/interfaces/contracts'
import { type MediumOptions, SeededRandom, SimulatedNetwork, VirtualClock } from '@p2p/simulation'

const malformed: Address[] = [
  'sim://',
  'sim://a',
  'sim://a:',
  'sim://a:65536',
  'sim://a:1/',
  'sim://a b:1',
  'sim://:1',
]

/** The cases of the contract, each in a world of its own whose clock moves until the case is over. */
const cases = (medium: MediumOptions, dialler: string): ContractCase[] => {
  let clock = new VirtualClock()
  const contract = transportContract(() => {
    const network = new SimulatedNetwork({ clock, random: new SeededRandom(1), ...medium })
    const listening = network.host('a').transport
    const dialling = dialler === 'a' ? listening : network.host(dialler).transport
    return {
      transport: {
        scheme: 'sim',
        dial: (address, options) => dialling.dial(address, options),
        listen: (address, accept, options) => listening.listen(address, accept, options),
      },
      anywhere: 'sim://a:0',
      malformed,
    }
  })
  return contract.map(({ name, run }) => ({
    name,
    run: () => {
      clock = new VirtualClock()
      return clock.run(run())
    },
  }))
}

runContract('within one simulated host', cases({}, 'a'))
runContract('between two simulated hosts', cases({ latency: 20, jitter: 30 }, 'b'))
runContract('between two that have little room', cases({ latency: 1, jitter: 0, window: 5_000 }, 'b'))
