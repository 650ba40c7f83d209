import type { Clock, Codec, PeerId, WaitOptions } from '@p2p/interfaces'
import { P2PError } from '@p2p/interfaces'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { MeshError } from './errors.ts'
import { type MeshLimits, times } from './limits.ts'
import type { LinkEnd } from './link/link.ts'
import type { Peer } from './link/peer.ts'
import {
  decodeReject,
  encodeCancel,
  encodeReject,
  type Named,
  readNamed,
  requestHead,
  responseHead,
} from './wire/direct.ts'
import { headerLength, Kind } from './wire/header.ts'
import { Reader } from './wire/reader.ts'

/** The link was given up, for want of use or for another one, when a question or a wish to join was on its way: the peer has not seen it, so it can be asked again. */
export class NotSeen extends MeshError {}

/** A request of a peer's that is to be answered. */
export interface Asked extends Named {
  readonly peer: Peer
  readonly id: number
  /** Aborted when the answer is not wanted any more. */
  readonly signal: () => AbortSignal
}

/** What requests need of their node. */
export interface RequestsSettings {
  readonly clock: Clock
  readonly codec: Codec
  readonly limits: MeshLimits
  /** Answers with what it resolves to. */
  readonly answer: (asked: Asked) => Promise<unknown>
}

interface Answering {
  readonly size: number
  abort: AbortController | undefined
  cancelled: boolean
}

/** Questions and answers between two nodes. The answer must come from the peer that was asked, over whichever link. */
export class Requests {
  readonly #settings: RequestsSettings
  readonly #open = new Map<PeerId, Map<number, Waiter<unknown>>>()
  readonly #answering = new Map<PeerId, Map<number, Answering>>()
  #count = 0
  #nextId = 1

  constructor(settings: RequestsSettings) {
    this.#settings = settings
  }

  /** Our own requests that wait for their answer. */
  get size(): number {
    return this.#count
  }

  /** Whether anything between us and the peer is unanswered. */
  isBusy(peer: PeerId): boolean {
    return this.#open.has(peer) || this.#answering.has(peer)
  }

  /** Asks a linked peer. `body` is encoded. */
  ask(peer: Peer, protocol: string, body: Uint8Array, options: WaitOptions): Promise<unknown> {
    const { clock, limits } = this.#settings
    if (this.#count >= limits.requests) {
      return Promise.reject(
        new MeshError('P2P_LIMIT_REACHED', `${this.#count} requests wait for their answers`),
      )
    }
    const id = this.#nextId
    this.#nextId = id === 0xffffffff ? 1 : id + 1
    const what = `${peer.id}'s answer on ${protocol}`
    return wait<unknown>({ timeout: times.answer, ...options, clock, what }, waiter => {
      const open = this.#open.get(peer.id) ?? new Map<number, Waiter<unknown>>()
      this.#open.set(peer.id, open)
      open.set(id, waiter)
      this.#count++
      peer.link.lastUsed = clock.monotonic()
      peer.link.sendParts(requestHead(id, protocol), body)
      return () => {
        this.#count--
        // Still there: nobody answered, so the other end need not go on
        if (open.delete(id) && peer.link.open) peer.link.send(encodeCancel(id))
        if (open.size === 0 && this.#open.get(peer.id) === open) this.#open.delete(peer.id)
      }
    })
  }

  /** @returns whether the kind is one of ours. @throws `P2P_MALFORMED`, `P2P_NOT_DECODABLE` */
  receive(peer: Peer, kind: number, bytes: Uint8Array, start: number, end: number): boolean {
    switch (kind) {
      case Kind.request:
        this.#onRequest(peer, bytes, start, end)
        return true
      case Kind.response: {
        const reader = new Reader(bytes, start + headerLength, end)
        const id = reader.u32()
        const body = this.#settings.codec.decode(reader.rest())
        this.#take(peer, id)?.resolve(body)
        return true
      }
      case Kind.reject: {
        const { id, code, message } = decodeReject(bytes, start, end)
        const known = code === 'P2P_NO_HANDLER' || code === 'P2P_LIMIT_REACHED' ? code : 'P2P_REQUEST_FAILED'
        this.#take(peer, id)?.reject(new MeshError(known, message, { cause: new P2PError(code, message) }))
        return true
      }
      case Kind.cancel: {
        const reader = new Reader(bytes, start + headerLength, end)
        const id = reader.u32()
        reader.end()
        this.#cancel(peer.id, id, 'the requester gave up')
        return true
      }
      default:
        return false
    }
  }

  /** The peer is gone: what waits for it fails, and what works for it may stop. */
  lost(peer: PeerId, { idle, error }: LinkEnd): void {
    const open = this.#open.get(peer)
    this.#open.delete(peer)
    for (const [id, waiter] of open ?? []) {
      open?.delete(id)
      const what = `the link to ${peer} was lost before it answered`
      const options = error === undefined ? undefined : { cause: error }
      waiter.reject(
        idle
          ? new NotSeen('P2P_PEER_UNREACHABLE', what)
          : new MeshError('P2P_PEER_UNREACHABLE', what, options),
      )
    }
    for (const id of this.#answering.get(peer)?.keys() ?? [])
      this.#cancel(peer, id, 'the requester went away')
    // The peer may come back and count its requests anew
    this.#answering.delete(peer)
  }

  #take(peer: Peer, id: number): Waiter<unknown> | undefined {
    const open = this.#open.get(peer.id)
    const waiter = open?.get(id)
    open?.delete(id)
    if (open?.size === 0) this.#open.delete(peer.id)
    peer.link.lastUsed = this.#settings.clock.monotonic()
    return waiter
  }

  #onRequest(peer: Peer, bytes: Uint8Array, start: number, end: number): void {
    const reader = new Reader(bytes, start + headerLength, end)
    const id = reader.u32()
    const named = readNamed(reader, bytes[start + 3] as number)
    const answering = this.#answering.get(peer.id) ?? new Map<number, Answering>()
    if (answering.has(id))
      throw new MeshError('P2P_MALFORMED', `the peer used the request number ${id} twice`)
    const { requestsPerPeer, requestBytesPerPeer } = this.#settings.limits
    let bytesHeld = named.body.length
    for (const { size } of answering.values()) bytesHeld += size
    if (answering.size >= requestsPerPeer || (answering.size > 0 && bytesHeld > requestBytesPerPeer)) {
      const message = `${answering.size} requests of this peer are being answered`
      peer.link.send(encodeReject({ id, code: 'P2P_LIMIT_REACHED', message }))
      return
    }
    const entry: Answering = { size: named.body.length, abort: undefined, cancelled: false }
    answering.set(id, entry)
    this.#answering.set(peer.id, answering)
    peer.link.lastUsed = this.#settings.clock.monotonic()
    const signal = () => {
      entry.abort ??= new AbortController()
      if (entry.cancelled) entry.abort.abort()
      return entry.abort.signal
    }
    void this.#answer({ peer, id, signal, ...named }, entry, answering)
  }

  async #answer(asked: Asked, entry: Answering, answering: Map<number, Answering>): Promise<void> {
    const { peer, id } = asked
    const { codec, limits, clock } = this.#settings
    let body: Uint8Array | undefined
    let failure: { code: string; message: string } | undefined
    try {
      body = codec.encode((await this.#settings.answer(asked)) ?? null)
      if (body.length + 8 > limits.message) {
        throw new MeshError(
          'P2P_MESSAGE_TOO_LONG',
          `an answer of ${body.length} bytes is above the limit of ${limits.message}`,
        )
      }
    } catch (error) {
      failure = {
        code: P2PError.is(error) ? error.code : 'P2P_REQUEST_FAILED',
        message: error instanceof Error ? error.message : String(error),
      }
    }
    answering.delete(id)
    if (answering.size === 0 && this.#answering.get(peer.id) === answering) this.#answering.delete(peer.id)
    if (entry.cancelled || !peer.link.open) return
    peer.link.lastUsed = clock.monotonic()
    if (failure !== undefined) peer.link.send(encodeReject({ id, ...failure }))
    else if (body !== undefined) peer.link.sendParts(responseHead(id), body)
  }

  #cancel(peer: PeerId, id: number, why: string): void {
    const entry = this.#answering.get(peer)?.get(id)
    if (entry === undefined) return
    entry.cancelled = true
    entry.abort?.abort(new MeshError('P2P_PEER_UNREACHABLE', why))
  }
}
