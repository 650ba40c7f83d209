import { msgpack } from '@p2p/framing'
import { type Contact, type Group, type Handler, P2PError } from '@p2p/interfaces'
import { SeededRandom, VirtualClock } from '@p2p/simulation'
import { createSync, type Sync, type Value } from '@p2p/sync'
import { expect, unlessRefused } from '../bytes.ts'
import { mutate } from '../mutate.ts'
import type { Subject, Target, Verdict } from '../target.ts'
import { changedValue } from '../values.ts'

const codec = msgpack()
const limits = { entries: 64, bytes: 65_536, valueSize: 4096 }
const peers = ['a-peer', 'z-peer']
const documented = new Set([
  'P2P_MALFORMED',
  'P2P_SETTINGS_DIFFER',
  'P2P_CATCH_UP_FAILED',
  'P2P_STAMP_AHEAD',
  'P2P_VALUE_TOO_LARGE',
  'P2P_KEY_TOO_LONG',
  'P2P_REPLICA_FULL',
  'P2P_EPOCH_AHEAD',
])

/** What the dictionary has itself. */
export const ours: Readonly<Record<string, Value>> = { ours: 'mine', map: { a: 1, b: [new Uint8Array(2)] } }

const contact = (id: string): Contact => ({ id, addresses: [] })
const iterated = <T>(items: Iterable<T>): number => Array.from(items).length

/** A group of one node and of what an attacker says. */
class LoneGroup implements Group {
  readonly self: Contact = contact('m-node')
  readonly peers: readonly Contact[]
  readonly asked: unknown[] = []
  readonly #answers: unknown[]
  handler: Handler | undefined

  /** @param answers to the requests of the dictionary, one after the other; then nobody is there any more */
  constructor(neighbours: readonly string[], answers: readonly unknown[]) {
    this.peers = neighbours.map(contact)
    this.#answers = [...answers]
  }

  async request(_to: unknown, _protocol: string, body: unknown): Promise<unknown> {
    this.asked.push(codec.encode(body))
    if (this.#answers.length === 0) throw new P2PError('P2P_PEER_UNREACHABLE', 'no more answers')
    return this.#answers.shift()
  }

  async send(): Promise<string> {
    return 'sent'
  }

  broadcast(_protocol: string, body: unknown): string {
    codec.encode(body)
    return 'told'
  }

  handle(_protocol: string, handler: Handler): Disposable {
    this.handler = handler
    return { [Symbol.dispose]: () => undefined }
  }

  watch(): Disposable {
    return { [Symbol.dispose]: () => undefined }
  }
}

/** A dictionary among attackers, and the errors that it told. */
class Dictionary {
  readonly clock: VirtualClock = new VirtualClock()
  readonly group: LoneGroup
  readonly sync: Sync
  readonly #errors: P2PError[] = []

  constructor(leased: boolean, neighbours: readonly string[], answers: readonly unknown[]) {
    this.group = new LoneGroup(neighbours, answers)
    const leasing = leased ? {} : (false as const)
    this.sync = createSync(this.group, { clock: this.clock, random: new SeededRandom(1), limits, leasing })
    this.sync.on('error', error => void this.#errors.push(error))
    this.sync.update(ours)
  }

  /** @throws for what must not be, whatever a peer says. @returns whether something was refused */
  async look(): Promise<Verdict> {
    const { sync } = this
    await this.clock.advance(1)
    const strange = this.#errors.find(error => !P2PError.is(error) || !documented.has(error.code))
    if (strange !== undefined) throw new Error('the dictionary told a strange error', { cause: strange })
    const { entries, tombstones, bytes } = sync.stats()
    expect(entries + tombstones <= limits.entries, `${entries + tombstones} entries`)
    expect(bytes <= limits.bytes, `${bytes} bytes`)
    expect(iterated(sync) === sync.size && entries === sync.size, 'its size is not what it has')
    for (const [key, value] of sync) {
      codec.encode(value)
      expect(sync.has(key) && sync.meta(key) !== undefined, 'a key that is there is not found')
      sync.owner(key)
    }
    expect(/^[\da-f]{16,}$/.test(sync.fingerprint()), 'a fingerprint is of hexadecimal digits')
    const refused = this.#errors.length > 0
    // Its own application goes on, unless all the room is taken
    try {
      sync.set('another', 1)
      expect(sync.get('another') === 1, 'what was set is not there')
    } catch (error) {
      if (!P2PError.is(error, 'P2P_REPLICA_FULL') && !P2PError.is(error, 'P2P_LEASE_HELD')) throw error
    }
    await sync.close()
    return refused ? 'refused' : 'accepted'
  }
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The script that an input is: `[leased, items]`, in msgpack. Others are the codec's business. */
const scriptOf = (input: Uint8Array) => {
  const decoded = unlessRefused(['P2P_NOT_DECODABLE'], () => codec.decode(input))
  if (!('value' in decoded)) return undefined
  const [leased, items] = list(decoded.value)
  return { leased: leased === true, items: list(items).slice(0, 50) }
}

/** Items are `[broadcast, peer, body]`: what peers send. */
const told: Subject = {
  check: async input => {
    const script = scriptOf(input)
    if (script === undefined) return 'refused'
    const dictionary = new Dictionary(script.leased, [], [])
    const { handler } = dictionary.group
    const { signal } = new AbortController()
    let refused = false
    for (const item of script.items) {
      const [broadcast, peer, body] = list(item)
      const from = contact(peers[peer === 1 ? 1 : 0] as string)
      const kind = broadcast === true ? 'broadcast' : 'request'
      try {
        const answer = await handler?.({ kind, from, protocol: '/sync/1/default', body, signal })
        codec.encode(answer ?? null)
      } catch (error) {
        if (!P2PError.is(error) || !documented.has(error.code)) throw error
        refused = true
      }
    }
    const verdict = await dictionary.look()
    return refused ? 'refused' : verdict
  },
}

/** Items are the answers of the one neighbour. */
const answered: Subject = {
  check: async input => {
    const script = scriptOf(input)
    if (script === undefined) return 'refused'
    const dictionary = new Dictionary(script.leased, ['z-peer'], script.items)
    const { asked } = dictionary.group
    const verdict = await dictionary.look()
    // One more request than there were answers, for each time that it begins anew
    expect(asked.length <= 2 * script.items.length + 4, `it asked ${asked.length} times`)
    return verdict
  },
}

const changedScript = (random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array => {
  let value = codec.decode(random.pick(corpus))
  for (let count = 1 + random.integer(3); count > 0; count--) value = changedValue(value, random)
  try {
    return codec.encode(value)
  } catch {
    // Names that no value may have
    return mutate(corpus, random)
  }
}

export const sync: readonly Target[] = [
  {
    name: 'sync-told',
    about: '@p2p/sync: broadcasts and requests of peers, to one dictionary',
    generate: changedScript,
    open: () => told,
  },
  {
    name: 'sync-answers',
    about: '@p2p/sync: answers of a neighbour, to a dictionary that catches up',
    generate: changedScript,
    open: () => answered,
  },
]
