import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'

/** What must come within three seconds of the machine's time: a test to which it does not come fails by then, and the others are run. */
export const soon = <T>(what: string, begin: (come: (value: T) => void) => void): Promise<T> => {
  const coming = wait<T>({ clock: systemClock, what, timeout: 3_000 }, ({ resolve }) => {
    begin(resolve)
    return undefined
  })
  // Whoever began it may have failed before it waits
  coming.catch(() => undefined)
  return coming
}
