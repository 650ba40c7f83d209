import { setTimeout as sleep } from 'node:timers/promises'
import { type Chord, createChord } from '@p2p/chord'
import type { Connection, Transport } from '@p2p/interfaces'
import { createMesh, type Mesh, plaintext } from '@p2p/mesh'
import { tcp } from '@p2p/transport/tcp'
import type { OpenTable } from './table.ts'

interface Node {
  readonly mesh: Mesh
  readonly chord: Chord<string>
  /** Its sockets end without a word, as those of a process that is killed. */
  readonly cut: () => void
}

/** Nodes that join at the same time. */
const together = 7
/** Processes that hold each entry: the default. */
const copies = 2

/** A transport whose connections can all be ended at once. */
const severable = (transport: Transport): { readonly transport: Transport; readonly cut: () => void } => {
  const connections = new Set<Connection>()
  const add = <C extends Connection>(connection: C): C => {
    connections.add(connection)
    void connection.closed.finally(() => connections.delete(connection))
    return connection
  }
  return {
    transport: {
      ...transport,
      dial: async (...dialled) => add(await transport.dial(...dialled)),
      listen: (address, onConnection, ...options) =>
        transport.listen(address, connection => onConnection(add(connection)), ...options),
    },
    cut: () => {
      for (const connection of connections) connection.abort()
    },
  }
}

/** Starts a node that knows one other, or begins the ring. */
const start = async (door?: Node): Promise<Node> => {
  const { transport, cut } = severable(tcp())
  const mesh = await createMesh({
    network: 'bench',
    transports: [transport],
    security: plaintext(),
    listen: ['tcp://127.0.0.1:0'],
  })
  const chord = createChord<string>(mesh)
  if (door !== undefined) {
    await mesh.connect(door.mesh.self)
    await chord.meet(door.mesh.self)
  }
  await chord.join()
  return { mesh, chord, cut }
}

/** `@p2p/chord` on `@p2p/mesh` over TCP, with its defaults: five tables, two copies in each. */
export const openOurs: OpenTable = async count => {
  const nodes = [await start()]
  const at = (index: number): Node => nodes[index] as Node
  while (nodes.length < count) {
    const some = Math.min(together, count - nodes.length)
    nodes.push(...(await Promise.all(Array.from({ length: some }, () => start(at(0))))))
  }
  const isSettled = ({ chord }: Node) => chord.dataStoring.length === count - 1 && chord.health().healthy
  while (!nodes.every(isSettled)) await sleep(100)
  const remaining = (index: number): readonly Node[] => nodes.filter((_, other) => other !== index)
  return {
    get: (node, key) => at(node).chord.get(key, { default: undefined }),
    put: async (node, key, value) => {
      // It resolves with three where the others take longer than 0.1 s
      while ((await at(node).chord.set(key, value)) < 5) continue
    },
    replace: async (index, how) => {
      const { mesh, chord, cut } = at(index)
      if (how === 'leave') await chord.unjoin()
      else cut()
      await chord.close()
      await mesh.close()
      const { id } = mesh.self
      // Nobody has it for a neighbour any more, and all that it held is there as often as before
      const isOver = ({ chord: other }: Node) => {
        const { safe, arcs } = other.health()
        return (
          safe && arcs.every(arc => arc.predecessor !== id && !arc.successors.slice(0, copies).includes(id))
        )
      }
      if (how === 'crash') while (!remaining(index).every(isOver)) await sleep(20)
      nodes[index] = await start(at((index + 1) % count))
    },
  }
}
