import type { Clock, Contact, PeerId, WaitOptions } from '@p2p/interfaces'
import { wait, type Waiter } from '@p2p/interfaces/wait'
import { MeshError } from './errors.ts'
import { times } from './limits.ts'
import { isAddress, maxAddresses } from './wire/contact.ts'
import { idFromBytes, idLength, idToBytes } from './wire/ids.ts'

/** What finding needs of its node. */
export interface FinderSettings {
  readonly self: () => Contact
  readonly clock: Clock
  readonly broadcast: (body: unknown) => void
  readonly tell: (to: Contact, body: unknown) => Promise<unknown>
}

// A node that has just come is not known everywhere yet, so the question is asked again, after this many milliseconds, then twice as many, …
const firstPause = 500

// Answering dials an address that the asker names: at most so many at a time, so that nobody can make us dial the world.
const answersAtOnce = 16

/** Finds out where a node can be reached by asking everybody; the node itself answers. PROTOCOL.md, "To all". */
export class Finder {
  /** Protocols of the question and of its answer. */
  static readonly ask = '/mesh/find'
  static readonly found = '/mesh/found'

  readonly #settings: FinderSettings
  readonly #waiting = new Map<PeerId, Set<Waiter<Contact>>>()
  #answering = 0
  #closed = false

  constructor(settings: FinderSettings) {
    this.#settings = settings
  }

  /** @throws `P2P_PEER_NOT_FOUND` at the deadline, by default after 10 000 ms */
  async find(id: PeerId, options: WaitOptions): Promise<Contact> {
    const waiting = this.#waiting.get(id) ?? new Set<Waiter<Contact>>()
    this.#waiting.set(id, waiting)
    const settings = { timeout: times.answer, ...options, clock: this.#settings.clock, what: `news of ${id}` }
    try {
      return await wait<Contact>(settings, waiter => {
        if (this.#closed) throw closedError()
        waiting.add(waiter)
        const asking = this.#askAgainAndAgain(id)
        return () => {
          asking[Symbol.dispose]()
          waiting.delete(waiter)
          if (waiting.size === 0) this.#waiting.delete(id)
        }
      })
    } catch (error) {
      if (!MeshError.is(error, 'P2P_TIMEOUT')) throw error
      throw new MeshError('P2P_PEER_NOT_FOUND', `nobody in the network answers to ${id}`, { cause: error })
    }
  }

  /** Ends what waits. */
  close(): void {
    this.#closed = true
    for (const waiting of Array.from(this.#waiting.values())) {
      for (const waiter of Array.from(waiting)) waiter.reject(closedError())
    }
  }

  #askAgainAndAgain(id: PeerId): Disposable {
    let timer: Disposable | undefined
    const ask = (pause: number) => {
      this.#settings.broadcast({ id: idToBytes(id), asker: encodeContact(this.#settings.self()) })
      timer = this.#settings.clock.after(pause, () => ask(pause * 2))
    }
    ask(firstPause)
    return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() }
  }

  /** A `/mesh/find` arrived. What is not one is dropped. */
  async asked(body: unknown): Promise<void> {
    if (!isRecord(body) || decodeId(body['id']) !== this.#settings.self().id) return
    const asker = decodeContact(body['asker'])
    if (asker === undefined || this.#answering >= answersAtOnce) return
    this.#answering++
    try {
      await this.#settings.tell(asker, encodeContact(this.#settings.self()))
    } catch {
      // The asker cannot be reached from here; it learns so by its deadline
    } finally {
      this.#answering--
    }
  }

  /** A `/mesh/found` arrived: believed only from the node that it speaks of. */
  answered(from: PeerId, body: unknown): void {
    const contact = decodeContact(body)
    if (contact === undefined || contact.id !== from) return
    for (const waiter of Array.from(this.#waiting.get(from) ?? [])) waiter.resolve(contact)
  }
}

const closedError = () => new MeshError('P2P_CLOSED', 'the mesh was closed')

const encodeContact = ({ id, addresses }: Contact) => ({ id: idToBytes(id), addresses: [...addresses] })

const decodeContact = (value: unknown): Contact | undefined => {
  if (!isRecord(value)) return undefined
  const id = decodeId(value['id'])
  const addresses: unknown = value['addresses']
  if (id === undefined || !Array.isArray(addresses) || addresses.length > maxAddresses) return undefined
  const valid = addresses.filter((address: unknown) => typeof address === 'string' && isAddress(address))
  return valid.length === addresses.length ? { id, addresses: valid } : undefined
}

const decodeId = (value: unknown): PeerId | undefined =>
  value instanceof Uint8Array && value.length === idLength ? idFromBytes(value) : undefined

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
