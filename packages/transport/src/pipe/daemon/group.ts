import type { Address } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import type { Message } from '../message.ts'
import type { Pipe } from '../pipe.ts'
import { Receiver } from '../receiver.ts'
import { closedError, PipeError } from '../errors.ts'
import type { MessageSource } from '../source.ts'
import type { Daemon } from './daemon.ts'

/** What a group can have as members. */
export type Member<T = Uint8Array> = Pipe<T> | Daemon<T> | Group<T>

/** Options of {@link group}. */
export interface GroupOptions {
  /**
   * Whether the members' own handlers, subscriptions and inboxes get nothing while they are in the group (`override_mode` of socktools, S10).
   *
   * @default false: both get every message
   */
  readonly exclusive?: boolean
}

/**
 * Several pipes, daemons and groups behind one set of handlers. `message.pipe` says by which pipe a message came.
 *
 * Events: `message`, `error` (also those of the members), `close`.
 */
export interface Group<T = Uint8Array> extends MessageSource<T>, AsyncDisposable {
  /** Who is in it. One that ends leaves. */
  readonly members: ReadonlySet<Member<T>>
  /** Takes a member in; one that is in it already stays. @throws `P2P_PIPE_CLOSED` after `close` */
  add(member: Member<T>): void
  /** Lets a member go, which lives on by itself. @returns whether it was in it */
  remove(member: Member<T>): boolean
  /**
   * Sends to all members (and all their peers), or to one peer of theirs, as they send.
   *
   * @returns how many have taken it, without being above their mark
   * @throws `P2P_UNKNOWN_PEER` if it is nobody's peer; for one peer what its pipe throws, which for all is an `error` event
   */
  send(message: T, to?: Address | Pipe<T>): number
  /** Closes all members. Idempotent. */
  close(): Promise<void>
}

/** Puts pipes, daemons and groups behind one set of handlers. */
export const group = <T = Uint8Array>(members: Iterable<Member<T>>, options: GroupOptions = {}): Group<T> => {
  const made = new MemberGroup<T>(options.exclusive ?? false)
  for (const member of members) made.add(member)
  return made
}

class MemberGroup<T> extends Receiver<T> implements Group<T> {
  readonly #exclusive: boolean
  readonly #leaves = new Map<Member<T>, () => void>()
  #waiting: (() => void)[] = []
  #closing: Promise<void> | undefined

  constructor(exclusive: boolean) {
    super({ clock: systemClock, inbox: {}, pausable: true, handsBack: true })
    this.#exclusive = exclusive
  }

  get members(): ReadonlySet<Member<T>> {
    return new Set(this.#leaves.keys())
  }

  add(member: Member<T>): void {
    if (this.#closing !== undefined) throw closedError(this.describe())
    if (this.#leaves.has(member)) return
    const take = (message: Message<T>) => this.#hand(message)
    const onError = (error: Error) => this.report(error)
    const onClose = () => this.remove(member)
    let release: () => void
    if (this.#exclusive) release = receiverOf(member).divert(take)
    else {
      member.on('message', take)
      release = () => member.off('message', take)
    }
    this.#leaves.set(member, () => {
      release()
      member.off('error', onError)
      member.off('close', onClose)
    })
    member.on('error', onError)
    member.on('close', onClose)
  }

  remove(member: Member<T>): boolean {
    this.#leaves.get(member)?.()
    return this.#leaves.delete(member)
  }

  send(message: T, to?: Address | Pipe<T>): number {
    if (to !== undefined) {
      for (const member of this.#leaves.keys())
        if (receiverOf(member).reaches(to)) return sendBy(member, message, to)
      const address = typeof to === 'string' ? to : (to.remote ?? to.local)
      throw new PipeError('P2P_UNKNOWN_PEER', `there is no peer ${address}`)
    }
    let taken = 0
    for (const member of this.#leaves.keys()) {
      try {
        taken += sendBy(member, message)
      } catch (error) {
        this.report(error as Error)
      }
    }
    return taken
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  reaches(to: Address | Pipe<T>): boolean {
    return [...this.#leaves.keys()].some(member => receiverOf(member).reaches(to))
  }

  protected describe(): string {
    return 'the group'
  }

  protected start(): void {
    // Members are read from the beginning; what comes before the first handler waits in the inbox.
  }

  protected relieved(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  #hand(message: Message<T>): Promise<unknown> | undefined {
    const handled = this.deliver(message)
    if (!this.full) return handled
    const room = new Promise<void>(resolve => this.#waiting.push(resolve))
    return handled === undefined ? room : Promise.all([handled, room])
  }

  async #close(): Promise<void> {
    this.relieved()
    await Promise.all([...this.#leaves.keys()].map(member => member.close()))
    this.ended({ by: 'local' })
  }
}

/** Every pipe, daemon and group is made here; only their interfaces are public. */
const receiverOf = <T>(member: Member<T>): Receiver<T> => {
  if (member instanceof Receiver) return member as Receiver<T>
  throw new TypeError('a member is a pipe, a daemon or a group of this package')
}

const sendBy = <T>(member: Member<T>, message: T, to?: Address | Pipe<T>): number => {
  if ('members' in member || 'peers' in member) return member.send(message, to)
  const where = typeof to === 'string' && to !== member.remote ? to : undefined
  return member.send(message, where) ? 1 : 0
}
