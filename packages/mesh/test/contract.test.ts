import { groupContract, messengerContract } from '@p2p/interfaces/contracts'
import { runContract } from '@p2p/contracts'
import { createIdentity, type MeshOptions } from '../src/index.ts'
import { at, TestNetwork } from './network.ts'

const creating = (options?: Partial<MeshOptions>) => async (count: number) => {
  const network = new TestNetwork('contract', 0, options)
  await network.grow(count)
  return {
    nodes: network.nodes,
    stranger: { id: createIdentity(network.random).id, addresses: ['memory://nobody'] as const },
    add: async () => at(await network.grow(1), 0),
    remove: async (node: (typeof network.nodes)[number]) => {
      network.nodes.splice(network.nodes.indexOf(node), 1)
      await network.run(node.close())
      await network.settle()
    },
    settle: () => network.settle(),
    elapse: (milliseconds: number) => network.clock.advance(milliseconds),
    [Symbol.asyncDispose]: () => network[Symbol.asyncDispose](),
  }
}

runContract('a mesh of plain links is a Messenger', messengerContract(creating()))
runContract('a mesh of plain links is a Group', groupContract(creating()))
runContract('a mesh is a Messenger', messengerContract(creating({ secret: new Uint8Array(32) })))
runContract('a mesh is a Group', groupContract(creating({ secret: new Uint8Array(32) })))
