import type { Mesh } from '@p2p/mesh'
import type { Life } from './life.ts'

/** The parts into which neighbours divide the nodes: only what both ends call a neighbour counts. */
export const parts = <N extends { readonly mesh: Mesh }>(nodes: readonly N[]): N[][] => {
  const byId = new Map(nodes.map(node => [node.mesh.id, node]))
  const neighbours = new Map(nodes.map(node => [node, new Set(node.mesh.peers.map(({ id }) => id))]))
  const left = new Set(nodes)
  const found: N[][] = []
  for (const first of left) {
    const part = [first]
    left.delete(first)
    // The list grows meanwhile
    for (const node of part) {
      for (const id of neighbours.get(node) ?? []) {
        const other = byId.get(id)
        if (other === undefined || !left.has(other) || neighbours.get(other)?.has(node.mesh.id) !== true)
          continue
        left.delete(other)
        part.push(other)
      }
    }
    found.push(part)
  }
  return found
}

/** What is not as it must be once a mesh has settled: neighbours that are so in one direction, links that are not one for each peer. Empty if all is well. */
export const untidy = (lives: readonly Life[]): string[] => {
  const wrong: string[] = []
  const byId = new Map(lives.map(life => [life.mesh.id, life]))
  for (const { host, mesh } of lives) {
    const linked = new Set(mesh.links.map(({ peer }) => peer.id))
    const { links, handshakes } = mesh.stats()
    if (handshakes > 0) wrong.push(`${host} has ${handshakes} handshakes in progress`)
    if (links !== linked.size) wrong.push(`${host} has ${links} links to ${linked.size} peers`)
    for (const id of linked) {
      const other = byId.get(id)
      if (other === undefined) wrong.push(`${host} has a link to somebody who is not there`)
      else if (!other.mesh.links.some(({ peer }) => peer.id === mesh.id))
        wrong.push(`${host} has a link to ${other.host}, which has none back`)
    }
    for (const { id } of mesh.peers) {
      const other = byId.get(id)
      if (other === undefined) wrong.push(`${host} has a neighbour that is not there`)
      else if (!other.mesh.peers.some(peer => peer.id === mesh.id))
        wrong.push(`${host} takes ${other.host} for a neighbour, which does not`)
    }
  }
  return wrong
}
