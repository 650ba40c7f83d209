import type { Tone } from './view/view.ts'

/** Tells what happens, a line at a time. */
export interface Narrator {
  say(who: string, text: string, tone?: Tone): void
  /** Says it only if nothing has been said for some time, so that a long step shows that it lives. */
  progress(who: string, text: () => string): void
}

/** Milliseconds of silence after which progress is worth a line. */
const pause = 2_000

/** Lines with the time since the start and who did something. */
export const createNarrator = (line: (text: string, tone?: Tone) => void): Narrator => {
  const start = performance.now()
  let last = start
  const say = (who: string, text: string, tone?: Tone) => {
    last = performance.now()
    line(`${((last - start) / 1000).toFixed(2).padStart(7)} s  ${who.padEnd(8)}  ${text}`, tone)
  }
  return {
    say,
    progress: (who, text) => {
      if (performance.now() - last >= pause) say(who, text())
    },
  }
}
