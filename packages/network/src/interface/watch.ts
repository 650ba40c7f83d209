import { WaitError } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { type InterfaceChange, interfaceChanges } from '../core/interface-changes.ts'
import { listInterfaces, type ListOptions } from './list.ts'
import { thisMachine } from './machine.ts'

/** Options of {@link watchInterfaces}. */
export interface WatchOptions extends Omit<ListOptions, 'timeout'> {
  /**
   * Milliseconds between two looks. Default 2 000 on Linux, where a look costs less than a millisecond, and 15 000 elsewhere, where the
   * system's tools are started for each.
   */
  readonly interval?: number
}

/**
 * Tells what changes about the network interfaces, from the moment of the first `next()` on: one that came or went, addresses, the default
 * route. It looks at intervals, because Node.js has no word from the kernel; what comes and goes between two looks is not seen.
 *
 * It ends, without an error, when the signal is aborted or the loop is left.
 *
 * @throws as {@link listInterfaces}, when a look fails
 */
export async function* watchInterfaces(
  options: WatchOptions = {},
): AsyncGenerator<InterfaceChange, void, undefined> {
  const { clock = systemClock, machine = thisMachine, signal } = options
  const isLinux = machine.platform === 'linux'
  const interval = options.interval ?? (isLinux ? 2_000 : 15_000)
  try {
    let before = await listInterfaces(options)
    for (;;) {
      await wait<undefined>({ clock, what: 'a change of the network interfaces', signal }, waiter => {
        const timer = clock.after(interval, () => waiter.resolve(undefined))
        return () => timer[Symbol.dispose]()
      })
      const after = await listInterfaces(options)
      yield* interfaceChanges(before, after)
      before = after
    }
  } catch (error) {
    if (!WaitError.is(error, 'P2P_ABORTED')) throw error
  }
}
