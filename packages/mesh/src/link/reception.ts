import type { Address, Connection } from '@p2p/interfaces'
import { MeshError } from '../errors.ts'
import { times } from '../limits.ts'
import { Reason } from '../wire/header.ts'
import { refusalFrame } from '../wire/hello.ts'
import type { SecuredConnection } from '../security.ts'
import { tookLongest } from './handshake.ts'
import { hostOf } from './host.ts'
import type { LinkManagerSettings } from './link-manager.ts'

/** What the reception asks, and tells. */
export interface ReceptionOwner {
  /** Whether there is no room for a link to whoever is there. */
  isFull(remote: Address): boolean
  /** Somebody came to nothing. */
  refused(remote: Address, error: Error): void
  /** A connection is protected: HELLO comes next. */
  secured(connection: SecuredConnection): void
}

/** Connections that others made, up to where they are protected or were turned away. */
export class Reception {
  readonly #settings: LinkManagerSettings
  readonly #owner: ReceptionOwner
  /** Those that are being secured, oldest first, and the host at the other end. */
  readonly #attempts = new Map<AbortController, string>()
  /** Those that are being told that there is no room for them. */
  readonly #turnedAway = new Set<Connection>()
  /** What has not ended yet. */
  readonly #work = new Set<Promise<void>>()
  #closed = false

  constructor(settings: LinkManagerSettings, owner: ReceptionOwner) {
    this.#settings = settings
    this.#owner = owner
  }

  /** Connections that are being secured. */
  get size(): number {
    return this.#attempts.size
  }

  receive(raw: Connection): void {
    const { security } = this.#settings
    const isFull = this.#owner.isFull(raw.remote)
    this.#track(isFull ? this.#turnAway(raw, to => security.turnAway?.(to)) : this.#secure(raw))
  }

  /** Takes nobody in any more. Resolves when nobody is on the way. */
  async close(): Promise<void> {
    this.#closed = true
    for (const attempt of Array.from(this.#attempts.keys())) attempt.abort(closedError())
    for (const raw of Array.from(this.#turnedAway)) raw.abort(closedError())
    await Promise.all(this.#work)
  }

  #track(work: Promise<void>): void {
    this.#work.add(work)
    void work.finally(() => this.#work.delete(work))
  }

  async #secure(raw: Connection): Promise<void> {
    const { security, network, limits } = this.#settings
    const attempt = new AbortController()
    if (this.#attempts.size >= limits.handshakes) this.#makeRoom()
    this.#attempts.set(attempt, hostOf(raw.remote))
    const { signal } = attempt
    try {
      if (this.#closed) attempt.abort(closedError())
      const context = { role: 'listener', network, signal, timeout: times.handshake } as const
      const secured = await security.secure(raw, context)
      if (signal.aborted) secured.connection.abort(signal.reason as Error)
      // Others may have taken the room that there was when it came
      else if (this.#owner.isFull(raw.remote)) this.#track(this.#turnAway(secured.connection, refuse))
      else this.#owner.secured(secured)
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error
      this.#owner.refused(raw.remote, reason instanceof Error ? reason : new Error(String(reason)))
    } finally {
      this.#attempts.delete(attempt)
    }
  }

  /** Gives up who has stalled longest of the host that has most, so that a flood from one host does not displace others. */
  #makeRoom(): void {
    const counts = new Map<string, number>()
    for (const host of this.#attempts.values()) counts.set(host, (counts.get(host) ?? 0) + 1)
    const most = Math.max(...counts.values())
    for (const [oldest, host] of this.#attempts) {
      if (counts.get(host) !== most) continue
      // Not when it has ended: until then others would be given room by giving it up again
      this.#attempts.delete(oldest)
      oldest.abort(tookLongest())
      return
    }
  }

  /** Tells a connection that there is no room, unless too many are being told so already, or there are no words for it. */
  async #turnAway(
    connection: Connection,
    tell: (to: Connection) => Promise<void> | undefined,
  ): Promise<void> {
    const error = new MeshError('P2P_LIMIT_REACHED', 'too many links')
    this.#owner.refused(connection.remote, error)
    const isBusy = this.#turnedAway.size >= this.#settings.limits.handshakes || this.#closed
    const telling = isBusy ? undefined : tell(connection)
    if (telling === undefined) {
      connection.abort(error)
      return
    }
    this.#turnedAway.add(connection)
    await telling.catch(() => connection.abort(error))
    this.#turnedAway.delete(connection)
  }
}

/** In the words of the mesh, which who has been secured understands. What it says meanwhile is read, so that the end is an orderly one. */
const refuse = (connection: Connection): Promise<void> => {
  connection.onData(() => undefined)
  connection.write(refusalFrame({ reason: Reason.limit, text: 'too many links' }))
  return connection.close({ timeout: times.goodbye })
}

const closedError = () => new MeshError('P2P_CLOSED', 'the mesh was closed')
