import type { Group, PeerChange } from '../group.ts'
import type { ContractCase } from './case.ts'
import { alike } from './alike.ts'
import { check, same } from './check.ts'
import {
  at,
  type ContractNetwork,
  type CreateNetwork,
  networkCase,
  only,
  protocol,
  record,
  thrownBy,
} from './network.ts'

/**
 * The promises that {@link Group} adds to those of `Messenger`: run `messengerContract` on the same nodes as well.
 *
 * @param create makes the network of each case
 */
export const groupContract = (create: CreateNetwork<Group>): ContractCase[] => {
  const promised = (count: number, name: string, body: (network: ContractNetwork<Group>) => Promise<void>) =>
    networkCase(create, count, name, body)
  return [
    promised(5, 'a broadcast reaches every other node once, and never its own origin', async network => {
      const diaries = network.nodes.map(node => record(node))
      at(network, 1).broadcast(protocol, { text: 'all' })
      await network.settle()
      diaries.forEach((messages, index) => {
        if (index === 1) same(messages.length, 0, 'copies that came back to the origin')
        else check(alike(only(messages).body, { text: 'all' }), 'the body is the one that was passed')
      })
    }),

    promised(3, 'the handler of a broadcast sees who made it, how and what', async network => {
      const messages = record(at(network, 2))
      const origin = at(network, 0)
      origin.broadcast(protocol, 'all')
      await network.settle()
      const message = only(messages)
      same(message.kind, 'broadcast', 'kind')
      same(message.from.id, origin.self.id, 'from.id')
      same(message.protocol, protocol, 'protocol')
      same(message.body, 'all', 'body')
      same(message.signal.aborted, false, 'aborted')
    }),

    promised(4, 'many broadcasts from everywhere reach every other node once each', async network => {
      const diaries = network.nodes.map(node => record(node))
      const names = network.nodes.flatMap((node, index) =>
        Array.from({ length: 10 }, (_, turn) => node.broadcast(protocol, `${index}.${turn}`)),
      )
      await network.settle()
      same(new Set(names).size, 40, 'different names of 40 broadcasts')
      diaries.forEach((messages, index) => {
        same(messages.length, 30, 'broadcasts of the 3 other nodes that came')
        const bodies = new Set(messages.map(({ body }) => String(body)))
        same(bodies.size, 30, 'different broadcasts among them')
        check(!bodies.has(`${index}.0`), 'none of them is of the node itself')
      })
    }),

    promised(3, 'a broadcast passes nodes that do not handle its protocol', async network => {
      const messages = record(at(network, 2))
      at(network, 0).broadcast(protocol, 'all')
      await network.settle()
      same(only(messages).body, 'all', 'body')
    }),

    promised(2, 'a broadcast throws TypeError for a body that cannot be encoded', async network => {
      const messages = record(at(network, 1))
      const error = thrownBy(() => at(network, 0).broadcast(protocol, () => undefined), 'a function as body')
      check(error instanceof TypeError, 'a body that cannot be encoded is a TypeError')
      await network.settle()
      same(messages.length, 0, 'messages that came')
    }),

    promised(1, 'a node that is alone can broadcast, and nothing comes of it', async network => {
      const messages = record(at(network, 0))
      at(network, 0).broadcast(protocol, 'nobody')
      await network.settle()
      same(messages.length, 0, 'copies that came back to the origin')
    }),

    promised(2, 'a node that comes later gets what is broadcast from then on', async network => {
      const newcomer = await network.add()
      const messages = record(newcomer)
      at(network, 0).broadcast(protocol, 'all')
      await network.settle()
      same(only(messages).body, 'all', 'body')
    }),

    promised(2, 'two nodes are each other’s only peers', async network => {
      const [left, right] = [at(network, 0), at(network, 1)]
      check(
        alike(
          left.peers.map(peer => peer.id),
          [right.self.id],
        ),
        'the left one has the right one',
      )
      check(
        alike(
          right.peers.map(peer => peer.id),
          [left.self.id],
        ),
        'the right one has the left one',
      )
    }),

    promised(5, 'peers are some of the other nodes, each once', async network => {
      const ids = network.nodes.map(node => node.self.id)
      for (const { self, peers } of network.nodes) {
        check(peers.length > 0, 'a node that can reach others has a peer')
        same(new Set(peers.map(peer => peer.id)).size, peers.length, 'different peers')
        check(
          peers.every(peer => peer.id !== self.id && ids.includes(peer.id)),
          'peers are other nodes',
        )
      }
    }),

    promised(1, 'a watcher is told of a peer that comes and of one that goes', async network => {
      const node = at(network, 0)
      const changes: PeerChange[] = []
      node.watch(change => changes.push(change))
      const other = await network.add()
      await network.settle()
      check(alike(told(changes), [`up ${other.self.id}`]), 'the watcher is told once of the peer that came')
      same(node.peers.length, 1, 'peers')
      await network.remove(other)
      await network.settle()
      check(alike(told(changes).slice(1), [`down ${other.self.id}`]), 'and once of the same peer that went')
      same(node.peers.length, 0, 'peers')
    }),

    promised(2, 'a watcher is not told of peers that are here already', async network => {
      const changes: PeerChange[] = []
      at(network, 0).watch(change => changes.push(change))
      await network.settle()
      same(changes.length, 0, 'changes')
    }),

    promised(1, 'a watcher that is disposed of hears nothing more, and the others go on', async network => {
      const changes: PeerChange[] = []
      const others: PeerChange[] = []
      const watching = at(network, 0).watch(change => changes.push(change))
      at(network, 0).watch(change => others.push(change))
      watching[Symbol.dispose]()
      watching[Symbol.dispose]()
      await network.add()
      await network.settle()
      same(changes.length, 0, 'changes that the disposed watcher heard')
      same(others.length, 1, 'changes that the other one heard')
    }),
  ]
}

const told = (changes: readonly PeerChange[]) => changes.map(({ type, peer }) => `${type} ${peer.id}`)
