import { setTimeout as sleep } from 'node:timers/promises'
import type { Play } from './play.ts'
import type { Member } from './processes.ts'

/** Milliseconds between two looks at what the nodes hold. */
const interval = 50

/**
 * Waits until all hold the same: entries, their versions and what they remember of deletions.
 *
 * @returns the milliseconds that it took. @throws if they differ and none has changed for as long as the play has patience; the signal's reason
 */
export const agree = async (
  { processes, stall }: Play,
  living: readonly Member[],
  signal: AbortSignal,
): Promise<number> => {
  const begin = performance.now()
  let last = ''
  let moved = begin
  for (;;) {
    const replies = await Promise.all(
      living.map(({ process }) => processes.ask(process, 'fingerprint', {}, 'say what it holds')),
    )
    const fingerprints = replies.map(({ fingerprint }) => fingerprint)
    if (new Set(fingerprints).size <= 1) return Math.round(performance.now() - begin)
    const now = performance.now()
    const all = fingerprints.join(' ')
    if (all !== last) moved = now
    last = all
    if (now - moved > stall) {
      throw new Error(`the nodes do not come to hold the same: nothing has moved for ${stall / 1000} s`)
    }
    await sleep(interval, undefined, { signal })
  }
}
