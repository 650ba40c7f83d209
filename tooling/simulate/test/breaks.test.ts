import { describe, expect, it } from 'vitest'
import { failureOf, protocolOf } from './seeds.ts'

// Where the search begins, so that it is short: any seed is as good, and it goes on from there.
const first: Readonly<Record<string, number>> = { 'short-window': 11, 'no-merge': 12, 'late-silence': 7 }

/** As many seeds as a bug may go unnoticed for. */
const most = 200

describe.each(['mesh', 'sync', 'chord'])('%s', name => {
  const protocol = protocolOf(name)

  it('does the same from the same seed', async () => {
    const [once, again] = [await protocol.run({ seed: 2 }), await protocol.run({ seed: 2 })]
    expect(again).toEqual(once)
    expect((await protocol.run({ seed: 7 })).digest).not.toBe(once.digest)
  })

  it.each(protocol.breaks.map(each => [each.name, each] as const))(
    'catches %s, and has nothing to say without it',
    async (_, { name: planted, plant }) => {
      const from = first[planted] ?? 1
      let caught: string | undefined
      let seed = from
      const undo = plant()
      try {
        for (; caught === undefined && seed < from + most; seed++) caught = await failureOf(protocol, seed)
      } finally {
        undo()
      }
      expect(caught).toBeDefined()
      expect(await failureOf(protocol, seed - 1)).toBeUndefined()
    },
    120_000,
  )
})
