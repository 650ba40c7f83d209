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
        waiting.add(waiter)
        this.#settings.broadcast({ id: idToBytes(id), asker: encodeContact(this.#settings.self()) })
        return () => {
          waiting.delete(waiter)
          if (waiting.size === 0) this.#waiting.delete(id)
        }
      })
    } catch (error) {
      if (!MeshError.is(error, 'P2P_TIMEOUT')) throw error
      throw new MeshError('P2P_PEER_NOT_FOUND', `nobody in the network answers to ${id}`, { cause: error })
    }
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
