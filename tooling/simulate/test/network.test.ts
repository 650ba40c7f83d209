import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { bundle } from '@p2p/bundle'
import { afterAll, describe, expect, it } from 'vitest'
import { network } from '../src/index.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
/** Within the package, whose name the scenario imports. */
const scenario = `${mkdtempSync(`${folder}test/.scenario-`)}/`
afterAll(() => rmSync(scenario, { recursive: true }))

describe('network(50)', () => {
  it('is fifty nodes that have found each other, whose broadcasts and writes reach all', async () => {
    const world = await network(50)
    expect(world.parts).toEqual([50])
    let heard = 0
    for (const { mesh } of world.nodes) {
      mesh.handle('/news', () => {
        heard++
      })
    }
    const [first] = world.nodes
    first?.mesh.broadcast('/news', 'hello')
    first?.dictionary.set('key', 'value')
    await world.simulation.runUntil(
      () => heard === 49 && world.nodes.every(({ dictionary }) => dictionary.get('key') === 'value'),
      { limit: 15_000 },
    )
    await world.simulation.end()
  })

  it('is the same for the same seed, and another for another', async () => {
    const digestOf = async (seed: number) => {
      const { simulation } = await network(8, { seed, network: { loss: 0.05 } })
      simulation.faults({ duration: 20_000, crashes: { every: 5_000, lasts: { min: 1_000, max: 5_000 } } })
      await simulation.advance(60_000)
      return (await simulation.end()).digest
    }
    const first = await digestOf(1)
    expect(await digestOf(1)).toBe(first)
    expect(await digestOf(2)).not.toBe(first)
  })

  it('refuses a network of no nodes', async () => {
    await expect(network(0)).rejects.toThrow('a network of 0 nodes')
  })
})

describe('the README', () => {
  it('shows a scenario that runs', async () => {
    const [, code = ''] = /^```ts\n([^]*?)^```$/m.exec(readFileSync(`${folder}README.md`, 'utf8')) ?? []
    writeFileSync(`${scenario}scenario.ts`, code)
    await bundle({ absWorkingDir: folder, entryPoints: [`${scenario}scenario.ts`], outdir: scenario })
    const { stdout, stderr } = spawnSync(process.execPath, [`${scenario}scenario.mjs`], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^\[ 25, 24 \]\n\[ 50 \] [0-9a-f]{16}\n$/)
  })
})
