import { type Address, P2PError, type WaitOptions } from '@p2p/interfaces'
import { positive } from '../limits.ts'
import { PipeError } from './errors.ts'
import type { Message } from './message.ts'
import type { Pattern } from './pattern.ts'
import type { Pipe } from './pipe.ts'

/** Options of {@link request}. */
export interface RequestOptions<T = Uint8Array> extends WaitOptions {
  /** Where to send, where the pipe does not lead to one place only. */
  readonly to?: Address
  /** What tells the reply from other messages: usually the bytes of an id that the request has and the reply repeats. */
  readonly reply: NonNullable<Pattern<T>['data']>
  /**
   * From whom a reply is taken; `anyone` takes it from all.
   *
   * @default `to`
   */
  readonly from?: Address | 'anyone'
  /**
   * How often the request is sent.
   *
   * @default 5: with the default of {@link interval} there are 15.5 s for a reply
   */
  readonly attempts?: number
  /**
   * Milliseconds until it is sent for the second time. Each time the wait doubles (RFC 8489, 6.2.1).
   *
   * @default 500
   */
  readonly interval?: number
}

/**
 * Sends a request over a pipe that may lose it, and resolves with the reply: subscribes to the reply, sends, waits, and sends again. The subscription is gone when it
 * settles. Default deadline: none but the last attempt's.
 *
 * @throws `P2P_NO_REPLY` after the last attempt; `P2P_TIMEOUT`, `P2P_ABORTED`; `P2P_PIPE_CLOSED`; what `pipe.send` throws
 * @example
 * const { data } = await request(pipe, Buffer.concat([id, question]), { to: 'udp://192.0.2.1:53', reply: id })
 */
export const request = async <T = Uint8Array>(
  pipe: Pipe<T>,
  data: T,
  { to, reply, from, attempts = 5, interval = 500, signal, timeout = Infinity }: RequestOptions<T>,
): Promise<Message<T>> => {
  positive('attempts', attempts)
  const sender = from === 'anyone' ? undefined : (from ?? to)
  using replies = pipe.subscribe(
    { data: reply, ...(sender && { from: sender }) },
    { limit: 1, overflow: 'drop-newest' },
  )
  let left = timeout
  let pause = positive('interval', interval)
  for (let attempt = 0; attempt < attempts; attempt++) {
    pipe.send(data, to)
    const wait = Math.min(pause, left)
    try {
      return await replies.recv({ signal, timeout: wait })
    } catch (error) {
      left -= wait
      if (!P2PError.is(error, 'P2P_TIMEOUT') || left <= 0) throw error
    }
    pause *= 2
  }
  const where = to ?? pipe.remote ?? ''
  throw new PipeError('P2P_NO_REPLY', `no reply from ${where} to a request that was sent ${attempts} times`)
}
