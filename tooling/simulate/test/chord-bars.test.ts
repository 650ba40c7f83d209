import { describe, expect, it } from 'vitest'
import { churnFor } from '../src/chord/churn.ts'
import { runCrashed, runHops } from '../src/chord/look-ups.ts'
import { runCopies, runReplace, runRings } from '../src/chord/ring-bars.ts'

/** What is shown at its full size by hand holds at a small one at any time. */
describe('chord', () => {
  it('finds an owner in half of log2 n steps', async () => {
    await expect(runHops({ seed: 1, nodes: 32 }, 300)).resolves.toMatchObject({ seed: 1 })
  })

  it('finds the owners right after half of all processes crashed', async () => {
    await expect(runCrashed({ seed: 2, nodes: 64 }, 1_000)).resolves.toMatchObject({ seed: 2 })
  })

  it.each([1, 2, 3, 4, 5, 6])(
    'loses nothing when any copies - 1 processes crash at once: choice %i',
    async seed => {
      await expect(runCopies({ seed })).resolves.toMatchObject({ seed })
    },
  )

  it.each([1, 2])('makes one ring of two that meet, whether all are known or not: seed %i', async seed => {
    await expect(runRings({ seed, nodes: 16 })).resolves.toMatchObject({ seed })
  })

  it.each([1, 2])('fails no read while every process is replaced: seed %i', async seed => {
    await expect(runReplace({ seed, nodes: 5 })).resolves.toMatchObject({ seed })
  })

  it('serves reads while processes come and go', async () => {
    await expect(churnFor({ seed: 1, nodes: 12 }, 60_000)).resolves.toMatchObject({ seed: 1 })
  })
})
