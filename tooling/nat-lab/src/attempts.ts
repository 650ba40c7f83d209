/** What came of several attempts at the same. */
export interface Attempts {
  /** How many were right, in words. */
  readonly words: string
  readonly ok: boolean
  /** What was wrong, attempt by attempt; also where the one that was repeated was right then. */
  readonly wrong: readonly string[]
}

/**
 * Makes so many attempts. A machine that is held up for a second may spoil one of them, which is why a single wrong one may be made again; a defect is
 * wrong again.
 *
 * @param attempt resolves with what was wrong, or throws it
 * @param mayRepeat whether a single wrong one is made once more
 */
export const makeAttempts = async (
  times: number,
  mayRepeat: boolean,
  attempt: () => Promise<string | undefined>,
): Promise<Attempts> => {
  const wrong: string[] = []
  const isRight = async () => {
    const reason = await attempt().catch((error: unknown) => String(error))
    if (reason !== undefined) wrong.push(reason)
    return reason === undefined
  }
  for (let time = 0; time < times; time++) await isRight()
  const words = `${times - wrong.length} of ${times}`
  if (!mayRepeat || wrong.length !== 1) return { words, ok: wrong.length === 0, wrong }
  const ok = await isRight()
  return { words: `${words}, once more: ${ok ? 'right' : 'wrong'}`, ok, wrong }
}
