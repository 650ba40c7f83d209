import { type Clock, type Random, WaitError, type WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { type Endpoint, formatEndpoint, sameEndpoint } from '../core/endpoint.ts'
import { decodeStun } from '../core/stun/decode.ts'
import { encodeStun } from '../core/stun/encode.ts'
import type { StunAttributes, StunMessage } from '../core/stun/message.ts'
import { NetworkError } from '../errors.ts'
import type { UdpSocket } from '../socket/sockets.ts'

/** What a server told. */
export interface StunAnswer {
  /** Where our packet came from, as the server saw it. */
  readonly mapped: Endpoint
  /** Whether the address was protected against routers that rewrite addresses in packets; servers of RFC 3489 do not. */
  readonly xor: boolean
  /** Who answered. */
  readonly from: Endpoint
  /** The server's other address and port, if it has them: then it can be asked how a NAT filters. */
  readonly other?: Endpoint
  /** The server's program, as it says. */
  readonly software?: string
  /** Milliseconds from the last transmission to the answer. */
  readonly rtt: number
}

/** When a request is sent again. */
export interface Retransmission {
  /** Milliseconds until the second transmission. Default 500 (RFC 8489, 6.2.1). */
  readonly rto?: number
  /** What the pause grows by each time. Default 2. */
  readonly factor?: number
  /** Transmissions in all. Default 7. */
  readonly attempts?: number
  /**
   * Milliseconds after the last transmission until nobody answers. Default: until the deadline. Transmissions that were counted mean silence also where
   * this process was held up meanwhile; milliseconds do not.
   */
  readonly rest?: number
}

/** One transmission of a request, or several of the same. */
export interface Transaction extends Disposable {
  /** Sends it once more. */
  send(): Promise<void>
  /** Resolves with the answer; rejects with `P2P_STUN_REFUSED` or `P2P_PROTOCOL_ERROR`. Pending for ever if none comes: dispose of the transaction. */
  readonly answer: Promise<StunAnswer>
}

/** Milliseconds for a request with its retransmissions: at 0, 500, 1 500, 3 500 and 7 500. RFC 8489 waits for 39.5 s. */
export const requestTimeout = 10_000

interface Pending {
  readonly from: readonly Endpoint[]
  sent: number
  resolve(answer: StunAnswer): void
  reject(error: unknown): void
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** What a success response says. */
const toAnswer = ({ attributes }: StunMessage, from: Endpoint, rtt: number): StunAnswer => {
  const mapped = attributes.xorMappedAddress ?? attributes.mappedAddress
  if (mapped === undefined)
    throw new NetworkError('P2P_PROTOCOL_ERROR', `${formatEndpoint(from)} answers without an address`)
  const other = attributes.otherAddress ?? attributes.changedAddress
  const { software } = attributes
  return {
    mapped,
    xor: attributes.xorMappedAddress !== undefined,
    from,
    rtt,
    ...(other === undefined ? {} : { other }),
    ...(software === undefined ? {} : { software }),
  }
}

/**
 * STUN over one UDP socket, which stays its owner's. An answer counts only if it names a transaction of ours that is open, and comes from where
 * that was to be answered from: what anybody else sends is dropped, and counted.
 */
export class StunAgent implements Disposable {
  readonly socket: UdpSocket
  readonly #clock: Clock
  readonly #random: Random
  readonly #pending = new Map<string, Pending>()
  readonly #listening: Disposable
  #dropped = 0

  constructor(socket: UdpSocket, { clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.socket = socket
    this.#clock = clock
    this.#random = random
    this.#listening = socket.onMessage((bytes, from) => this.#take(bytes, from))
  }

  /** Datagrams that were no answer to a question of ours. */
  get dropped(): number {
    return this.#dropped
  }

  /** Opens a transaction without sending. `from`: who may answer; default `to`. */
  open(to: Endpoint, attributes: StunAttributes = {}, from: readonly Endpoint[] = [to]): Transaction {
    const transaction = this.#random.fill(new Uint8Array(12))
    const bytes = encodeStun({ kind: 'request', transaction, attributes })
    const key = hex(transaction)
    const entry: Pending = { from, sent: 0, resolve: () => undefined, reject: () => undefined }
    const answer = new Promise<StunAnswer>((resolve, reject) => {
      entry.resolve = resolve
      entry.reject = reject
    })
    // Who disposes of the transaction need not wait for it
    answer.catch(() => undefined)
    this.#pending.set(key, entry)
    return {
      answer,
      send: () => {
        entry.sent = this.#clock.monotonic()
        return this.socket.send(bytes, to)
      },
      [Symbol.dispose]: () => void this.#pending.delete(key),
    }
  }

  /**
   * Asks, and asks again while there is no answer. Default deadline 10 000 ms.
   *
   * @throws NetworkError `P2P_STUN_REFUSED`, `P2P_PROTOCOL_ERROR`; the system's errors of sending; `P2P_TIMEOUT`, `P2P_ABORTED`
   */
  request(
    to: Endpoint,
    options: WaitOptions &
      Retransmission & { readonly attributes?: StunAttributes; readonly from?: readonly Endpoint[] } = {},
  ): Promise<StunAnswer> {
    const { signal, timeout = requestTimeout, rto = 500, factor = 2, attempts = 7, rest } = options
    const what = `the answer of ${formatEndpoint(to)}`
    return wait({ clock: this.#clock, what, signal, timeout }, waiter => {
      const transaction = this.open(to, options.attributes, options.from)
      let timer: Disposable | undefined
      let pause = rto
      let left = attempts
      const giveUp = () => waiter.reject(new WaitError('P2P_TIMEOUT', `asked ${attempts} times for ${what}`))
      const send = () => {
        left -= 1
        transaction.send().catch(waiter.reject)
        if (left === 0) {
          if (rest !== undefined) timer = this.#clock.after(rest, giveUp)
          return
        }
        timer = this.#clock.after(pause, send)
        pause *= factor
      }
      transaction.answer.then(waiter.resolve, waiter.reject)
      send()
      return () => {
        timer?.[Symbol.dispose]()
        transaction[Symbol.dispose]()
      }
    })
  }

  [Symbol.dispose](): void {
    this.#listening[Symbol.dispose]()
    this.#pending.clear()
  }

  #take(bytes: Uint8Array, from: Endpoint): void {
    let message: StunMessage
    try {
      message = decodeStun(bytes)
    } catch {
      // Not STUN: it may be the caller's own traffic, or anybody's noise
      this.#dropped += 1
      return
    }
    // A server of RFC 3489 sends our cookie back as the first bytes of what is a longer transaction to it; both are the same on the wire
    const key = hex(message.transaction)
    const entry = this.#pending.get(key)
    const isAnswer = message.kind === 'success' || message.kind === 'error'
    if (entry === undefined || !isAnswer || !entry.from.some(each => sameEndpoint(each, from))) {
      this.#dropped += 1
      return
    }
    this.#pending.delete(key)
    try {
      if (message.kind === 'error' || message.unknown.length > 0) {
        const { code = 0, reason = 'an answer that cannot be understood' } =
          message.attributes.errorCode ?? {}
        const text = `${formatEndpoint(from)} refuses: ${code} ${reason}`
        throw new NetworkError('P2P_STUN_REFUSED', text)
      }
      entry.resolve(toAnswer(message, from, this.#clock.monotonic() - entry.sent))
    } catch (error) {
      entry.reject(error)
    }
  }
}
