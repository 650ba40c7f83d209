import { createChord } from '@p2p/chord'
import { createMesh, type Mesh, plaintext } from '@p2p/mesh'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { expect, it } from 'vitest'

/** More than the sixteen and some that a node with one point needs to know. */
const nodes = 20

it('disconnectLeastEfficient of a table has the mesh close the link to the node that it forgets, and no other', async () => {
  const network = createMemoryNetwork()
  const meshes: Mesh[] = []
  for (let index = 0; index < nodes; index++) {
    const listen = [`memory://node-${index}`] as const
    meshes.push(
      await createMesh({
        network: 'test',
        transports: [network.transport()],
        listen: [...listen],
        security: plaintext(),
      }),
    )
  }
  const [mesh, ...others] = meshes as [Mesh, ...Mesh[]]
  const table = createChord(mesh, { points: 1, interval: 600_000 })
  await table.join()
  const tables = [table]
  for (const other of others) {
    const each = createChord(other, { points: 1, interval: 600_000 })
    tables.push(each)
    await each.meet(mesh.self)
    await each.join()
    await table.meet(other.self)
  }
  const linked = () => new Set(mesh.links.map(({ peer }) => peer.id))
  const known = () => new Set(table.dataStoring.map(({ id }) => id))
  const before = { linked: linked(), known: known() }
  expect(table.disconnectLeastEfficient()).toBe(true)
  const spared = [...before.known].filter(id => !known().has(id))
  expect(spared).toHaveLength(1)
  expect(before.linked).toContain(spared[0])
  expect([...linked()]).toEqual([...before.linked].filter(id => id !== spared[0]))
  await Promise.all(tables.map(each => each.close()))
  await Promise.all(meshes.map(each => each.close()))
})
