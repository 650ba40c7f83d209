import { type Group, P2PError, type PeerId, type WaitOptions } from '@p2p/interfaces'
import { type Waiter, wait } from '@p2p/interfaces/wait'
import type { Moment } from '@p2p/replica'
import type { Gain } from './core/conversation.ts'
import { catchUp } from './core/exchange.ts'
import { says } from './core/grammar.ts'
import type { Replica } from './core/replica.ts'
import { SyncError } from './errors.ts'
import type { Settings } from './options.ts'

// Neighbours caught up with at the same time. Before the first is done it is one: the second would only send the same once more.
const atOnce = 4

/** Milliseconds between two rounds in which the neighbours are told what another one had. */
const spreadInterval = 1_000

/** Default deadline of a request and of what the application waits for, in milliseconds. */
const answerTimeout = 10_000

/** Ways to fail that say nothing but that the neighbour is not there, has no such dictionary, or was restarted: it is asked again later. */
const passing = [
  'P2P_PEER_UNREACHABLE',
  'P2P_NO_HANDLER',
  'P2P_TIMEOUT',
  'P2P_ABORTED',
  'P2P_CLOSED',
  'P2P_NO_SESSION',
]

/** What catching up needs of the dictionary around it. */
export interface NeighboursContext {
  readonly group: Group
  readonly protocol: string
  readonly replica: Replica
  readonly settings: Settings
  readonly moment: () => Moment
  /** Whether that node drives a catching-up with this one at the moment. */
  readonly isDrivenBy: (peer: PeerId) => boolean
  /** Does what the replica wants done: called after every step. */
  readonly perform: () => void
  /** Tells the application of a failure. */
  readonly fail: (error: P2PError) => void
}

type Settle = (done: boolean) => void

/**
 * Catches up with neighbours: with each that comes, with all others when one had news, and with one of them at random all the time, so that nothing
 * stays different for ever.
 */
export class Neighbours {
  readonly counts: { caughtUp: number; brokenOff: number } = { caughtUp: 0, brokenOff: 0 }
  readonly #context: NeighboursContext
  /** Neighbours to catch up with, in order, and who waits for that. */
  readonly #wanted = new Map<PeerId, Settle[]>()
  readonly #running = new Map<PeerId, { readonly stop: AbortController; readonly ended: Promise<void> }>()
  /** Neighbours that drive one with this node, and who waits until ours comes after that. */
  readonly #deferred = new Map<PeerId, Settle[]>()
  /** Neighbours with which no catching-up was completed, or whose last one broke off. */
  readonly #behind = new Set<PeerId>()
  /** Neighbours that have yet to be told what another one had. */
  readonly #uninformed = new Set<PeerId>()
  readonly #waiting = new Set<() => void>()
  readonly #closing = new AbortController()
  #watching: Disposable | undefined
  #timer: Disposable | undefined
  #spreading: Disposable | undefined
  #lastSpread = -Infinity

  constructor(context: NeighboursContext) {
    this.#context = context
  }

  start(): void {
    const { group } = this.#context
    this.#watching = group.watch(({ type, peer }) => {
      if (type === 'down') this.#drop(peer.id)
      else {
        this.#behind.add(peer.id)
        // One side is enough: the other one learns as much.
        if (group.self.id < peer.id) this.#want(peer.id)
      }
    })
    for (const { id } of group.peers) this.#want(id)
    this.#tick()
  }

  /** Resolves when this node has caught up with anybody. */
  ready(options: WaitOptions): Promise<void> {
    return this.#wait(options, 'a neighbour to catch up with', ({ resolve }) => {
      const check = () => {
        if (this.#context.replica.caughtUp) resolve()
      }
      this.#waiting.add(check)
      check()
      return () => void this.#waiting.delete(check)
    })
  }

  /** Catches up with every neighbour. Resolves with the number of those with which it worked. */
  all(options: WaitOptions): Promise<number> {
    return this.#wait(options, 'the neighbours to acknowledge', ({ resolve }) => {
      const ids = this.#context.group.peers.map(({ id }) => id)
      let [open, done] = [ids.length, 0]
      if (open === 0) resolve(0)
      for (const id of ids) {
        this.#want(id, success => {
          if (success) done++
          if (--open === 0) resolve(done)
        })
      }
      return undefined
    })
  }

  /** Whether this node drives a catching-up with that one at the moment. */
  drives(peer: PeerId): boolean {
    return this.#running.has(peer)
  }

  /** Another node has driven a catching-up with this one to its end. */
  answered(peer: PeerId, late: number): void {
    // One of our own is still needed only by those who wait for it: it began later than that one.
    if (this.#wanted.get(peer)?.length === 0) this.#wanted.delete(peer)
    this.#requeue(peer)
    this.#completed(peer, late)
    this.#pump()
  }

  async close(): Promise<void> {
    this.#watching?.[Symbol.dispose]()
    this.#timer?.[Symbol.dispose]()
    this.#spreading?.[Symbol.dispose]()
    this.#closing.abort()
    for (const id of [...this.#wanted.keys(), ...this.#deferred.keys()]) this.#drop(id)
    const running = [...this.#running.values()]
    for (const { stop } of running) stop.abort()
    await Promise.all(running.map(({ ended }) => ended))
  }

  #wait<T>(
    options: WaitOptions,
    what: string,
    start: (waiter: Waiter<T>) => (() => void) | undefined,
  ): Promise<T> {
    const { clock } = this.#context.settings
    const { signal } = this.#closing
    return wait<T>({ timeout: answerTimeout, ...options, clock, what }, waiter => {
      const onClose = () =>
        waiter.reject(new SyncError('P2P_CLOSED', `the dictionary was closed while it waited for ${what}`))
      if (signal.aborted) onClose()
      signal.addEventListener('abort', onClose)
      const undo = start(waiter)
      return () => {
        signal.removeEventListener('abort', onClose)
        undo?.()
      }
    })
  }

  #want(peer: PeerId, settle?: Settle): void {
    if (this.#closing.signal.aborted) return
    const waiters = this.#wanted.get(peer) ?? []
    if (settle !== undefined) waiters.push(settle)
    this.#wanted.set(peer, waiters)
    this.#pump()
  }

  #drop(peer: PeerId): void {
    this.#requeue(peer)
    const waiters = this.#wanted.get(peer) ?? []
    this.#wanted.delete(peer)
    this.#behind.delete(peer)
    this.#uninformed.delete(peer)
    this.#running.get(peer)?.stop.abort()
    for (const settle of waiters) settle(false)
  }

  /** Whoever waits for the end of a catching-up that another one drove now wants ours. */
  #requeue(peer: PeerId): void {
    const waiters = this.#deferred.get(peer) ?? []
    this.#deferred.delete(peer)
    if (waiters.length > 0) this.#wanted.set(peer, [...waiters, ...(this.#wanted.get(peer) ?? [])])
  }

  #pump(): void {
    for (const [peer, waiters] of this.#wanted) {
      if (this.#running.size >= (this.#context.replica.caughtUp ? atOnce : 1)) return
      if (this.#running.has(peer) || this.#context.isDrivenBy(peer)) continue
      this.#wanted.delete(peer)
      const stop = new AbortController()
      // In a later microtask, when it is entered in the list.
      const ended = Promise.resolve().then(() => this.#run(peer, stop.signal, waiters))
      this.#running.set(peer, { stop, ended })
    }
  }

  async #run(peer: PeerId, signal: AbortSignal, waiters: readonly Settle[]): Promise<void> {
    let done = false
    try {
      const gain = await this.#converse(peer, signal)
      if (gain === 'busy') {
        // The other one is at it.
        this.#behind.add(peer)
        this.#deferred.set(peer, [...(this.#deferred.get(peer) ?? []), ...waiters])
        // It may have ended before its `busy` came: then nobody would come back to them
        if (!this.#context.isDrivenBy(peer)) this.#requeue(peer)
        waiters = []
      } else {
        done = true
        this.counts.caughtUp++
        this.#completed(peer, gain.late)
      }
    } catch (error) {
      this.counts.brokenOff++
      if (!signal.aborted) {
        this.#behind.add(peer)
        this.#complain(peer, error)
      }
    }
    this.#running.delete(peer)
    for (const settle of waiters) settle(done)
    this.#pump()
  }

  async #converse(peer: PeerId, signal: AbortSignal): Promise<Gain | 'busy'> {
    const { group, protocol, replica, moment, perform } = this.#context
    const conversation = catchUp(replica, peer, moment())
    let step = conversation.next()
    while (step.done !== true) {
      const body = await group.request(peer, protocol, step.value, { signal, timeout: answerTimeout })
      signal.throwIfAborted()
      if (says(body, 'gone'))
        throw new SyncError('P2P_NO_SESSION', 'the neighbour has given up on us', { peer })
      try {
        step = conversation.next({ body, now: moment() })
      } finally {
        perform()
      }
    }
    return step.value
  }

  #completed(peer: PeerId, late: number): void {
    this.#behind.delete(peer)
    for (const check of this.#waiting) check()
    if (late > 0) this.#spread(peer)
  }

  #complain(peer: PeerId, error: unknown): void {
    const { replica, perform, fail } = this.#context
    if (P2PError.is(error) && passing.includes(error.code)) return
    if (error instanceof SyncError && error.code === 'P2P_SETTINGS_DIFFER') {
      replica.report(error)
      perform()
      return
    }
    fail(new SyncError('P2P_CATCH_UP_FAILED', `catching up with ${peer} broke off`, { peer, cause: error }))
  }

  /** The others are to know what one of them had: after the healing of a partition nobody else tells them. */
  #spread(from: PeerId): void {
    const { group, settings } = this.#context
    for (const { id } of group.peers) if (id !== from) this.#uninformed.add(id)
    if (this.#spreading !== undefined || this.#closing.signal.aborted) return
    const pause = Math.max(0, this.#lastSpread + spreadInterval - settings.clock.monotonic())
    this.#spreading = settings.clock.after(pause, () => {
      this.#spreading = undefined
      this.#lastSpread = settings.clock.monotonic()
      const uninformed = [...this.#uninformed]
      this.#uninformed.clear()
      for (const id of uninformed) this.#want(id)
    })
  }

  #tick(): void {
    const { group, replica, settings, moment } = this.#context
    const { clock, random, compareInterval } = settings
    // From half to one and a half of the interval, so that nodes that were started together do not go on together.
    this.#timer = clock.after(compareInterval * (0.5 + random.next()), () => {
      replica.expire(moment())
      const pick = (ids: readonly PeerId[]) => ids[Math.floor(random.next() * ids.length)]
      // One that is behind, and one that need not be: a neighbour that never answers must not take the place of the others.
      for (const id of new Set([pick([...this.#behind]), pick(group.peers.map(({ id }) => id))])) {
        if (id !== undefined) this.#want(id)
      }
      // Who was said to drive one may have been lost in it.
      for (const id of [...this.#deferred.keys()]) this.#requeue(id)
      this.#pump()
      this.#tick()
    })
  }
}
