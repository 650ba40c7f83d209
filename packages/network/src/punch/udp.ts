import { type Endpoint, formatEndpoint, sameEndpoint } from '../core/endpoint.ts'
import type { Checks } from '../core/punch/checks.ts'
import type { Candidate } from '../core/punch/offer.ts'
import type { UdpSocket } from '../socket/sockets.ts'
import type { Attempt } from './attempt.ts'

/** Milliseconds between two rounds of checks while the holes are fresh, and later. */
const pace = { begin: 20, later: 100, beginsFor: 600 }

/** Endpoints that checks came from and no offer named, which are tried too: those of a NAT that maps anew for each peer. */
const maxDiscovered = 16

/** Transactions whose answers are waited for: what comes later belongs to a round long ago. */
const maxOpen = 1_024

interface Place {
  readonly endpoint: Endpoint
  readonly kind: Candidate['kind'] | 'discovered'
}

/**
 * Knocks at all places of the other node, until its answer proves one: then who decides says so on it, and both take it.
 *
 * The order of the first round matters: a NAT that maps by the peer gives the first port to the first place.
 */
export const punchUdp = (
  socket: UdpSocket,
  candidates: readonly Candidate[],
  attempt: Attempt,
): Disposable => {
  const { clock, random, checks, signal } = attempt
  const places: Place[] = candidates.map(({ endpoint, kind }) => ({ endpoint, kind }))
  const open = new Map<string, { readonly place: Place; readonly isNomination: boolean }>()
  const begin = clock.monotonic()
  let chosen: Place | undefined
  let timer: Disposable | undefined

  const send = (bytes: Uint8Array, to: Endpoint) => {
    // One place that cannot be reached says nothing of the others
    socket.send(bytes, to).catch(() => undefined)
  }
  const check = (place: Place, isNomination: boolean) => {
    const transaction = random.fill(new Uint8Array(12))
    if (open.size >= maxOpen) open.clear()
    open.set(keyOf(transaction), { place, isNomination })
    send(checks.request(transaction, isNomination), place.endpoint)
  }
  const round = () => {
    if (chosen !== undefined) check(chosen, true)
    else for (const place of places) check(place, false)
    const isFresh = clock.monotonic() - begin < pace.beginsFor
    timer = clock.after(isFresh ? pace.begin : pace.later, round)
  }
  const settle = (place: Place) => {
    const path = place.kind === 'host' ? 'direct' : 'punched'
    attempt.settle({ transport: 'udp', path, remote: place.endpoint, socket: answering(socket, checks) })
  }
  const placeOf = (from: Endpoint) => {
    const known = places.find(({ endpoint }) => sameEndpoint(endpoint, from))
    if (known !== undefined) return known
    const found: Place = { endpoint: from, kind: 'discovered' }
    if (places.length < candidates.length + maxDiscovered) places.push(found)
    return found
  }

  const listening = socket.onMessage((bytes, from) => {
    const came = checks.read(bytes)
    if (came === undefined) return
    if (came.type === 'request') {
      const place = placeOf(from)
      send(checks.answer(came.transaction, from), from)
      if (came.isNomination && !checks.isDecider) settle(place)
      // It got through to us: now is the time to knock there
      else if (chosen === undefined) check(place, false)
      return
    }
    const asked = open.get(keyOf(came.transaction))
    if (asked === undefined || !sameEndpoint(asked.place.endpoint, from)) return
    open.delete(keyOf(came.transaction))
    if (asked.isNomination) settle(asked.place)
    else if (checks.isDecider && chosen === undefined && attempt.choose(asked.place)) {
      chosen = asked.place
      check(chosen, true)
    }
  })
  const stop = () => {
    timer?.[Symbol.dispose]()
    listening[Symbol.dispose]()
  }
  signal.addEventListener('abort', stop, { once: true })
  round()
  return { [Symbol.dispose]: stop }
}

const keyOf = (transaction: Uint8Array) => Buffer.from(transaction).toString('hex')

/**
 * The socket as it is handed on: it goes on answering checks, because the last answer of ours may have been lost, and does not show them. `native`
 * shows them.
 */
const answering = (socket: UdpSocket, checks: Checks): UdpSocket => {
  const answered = socket.onMessage((bytes, from) => {
    const came = checks.read(bytes)
    if (came?.type === 'request')
      socket.send(checks.answer(came.transaction, from), from).catch(() => undefined)
  })
  const close = async () => {
    answered[Symbol.dispose]()
    await socket.close()
  }
  return {
    local: socket.local,
    pinned: socket.pinned,
    ...(socket.native === undefined ? {} : { native: socket.native }),
    send: (bytes, to) => socket.send(bytes, to),
    onMessage: listener =>
      socket.onMessage((bytes, from) => {
        if (checks.read(bytes) === undefined) listener(bytes, from)
      }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Places in words, for an error. */
export const inWords = (candidates: readonly Candidate[]): string =>
  candidates.map(({ transport, endpoint }) => `${transport} ${formatEndpoint(endpoint)}`).join(', ')
