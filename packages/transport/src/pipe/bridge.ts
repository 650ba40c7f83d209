import { WaitError } from '@p2p/interfaces'
import { PipeError } from './errors.ts'
import type { Pipe } from './pipe.ts'

/** How a bridge ended. */
export interface BridgeEnd<T = Uint8Array> {
  /** The pipe that ended first. */
  readonly first: Pipe<T>
  /** With which error, if not in order. */
  readonly error?: Error
}

/**
 * Relays all messages between two pipes, in both directions, until one of them ends: then the other is closed, or aborted with the same error. Who is read waits for who
 * is written to, so a bridge holds no more than the two inboxes. It reads as `for await` does: handlers and subscriptions of the pipes get their messages too.
 *
 * @param options the signal aborts both pipes with `P2P_ABORTED`
 * @returns resolves when both have ended; it does not reject
 */
export const bridge = async <T>(
  one: Pipe<T>,
  other: Pipe<T>,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<BridgeEnd<T>> => {
  const onAbort = () => {
    const error = new WaitError('P2P_ABORTED', 'a bridge was aborted', { cause: signal?.reason })
    one.abort(error)
    other.abort(error)
  }
  if (signal?.aborted === true) onAbort()
  signal?.addEventListener('abort', onAbort)
  const first = Promise.race([endOf(one), endOf(other)])
  await Promise.all([relay(one, other), relay(other, one)])
  await Promise.all([one.closed, other.closed])
  signal?.removeEventListener('abort', onAbort)
  return first
}

const endOf = async <T>(pipe: Pipe<T>): Promise<BridgeEnd<T>> => {
  const { error } = await pipe.closed
  return error === undefined ? { first: pipe } : { first: pipe, error }
}

const relay = async <T>(from: Pipe<T>, to: Pipe<T>): Promise<void> => {
  try {
    for await (const { data } of from) if (!to.send(data)) await to.drained()
    await to.close()
  } catch (error) {
    // Where messages were to go to has ended: the relay from there sees how.
    if (PipeError.is(error, 'P2P_PIPE_CLOSED')) return
    to.abort(error as Error)
    from.abort(error as Error)
  }
}
