import { type Clock, P2PError } from '@p2p/interfaces'
import { type Endpoint } from '../core/endpoint.ts'
import type { Candidate } from '../core/punch/offer.ts'
import { headerLength, stunLimits } from '../core/stun/message.ts'
import type { Sockets, TcpSocket } from '../socket/sockets.ts'
import type { Attempt, PathKind } from './attempt.ts'

/** Milliseconds until a place is called again that refused, which is what a router does that does not expect the call yet. */
const again = 20

/** Milliseconds for one call. It is shorter than what TCP waits before it calls again itself, and a new call looks the same to the other side. */
const callTimeout = 3_000

/** Connections that wait for the choice. */
const maxConnections = 64

/** What {@link punchTcp} works with. */
export interface TcpEnds {
  readonly sockets: Sockets
  /** Where all calls come from: the port that the NAT has a mapping for. */
  readonly local: Endpoint
}

/** Takes whole messages of STUN out of a stream, until it is told to stop: then it gives back what it has not used. */
class MessageReader {
  #buffer = new Uint8Array(0)

  get rest(): Uint8Array {
    return this.#buffer
  }

  /** @returns the messages that are complete now; `undefined` for what cannot become one */
  *take(bytes: Uint8Array): Generator<Uint8Array | undefined> {
    const joined = new Uint8Array(this.#buffer.length + bytes.length)
    joined.set(this.#buffer)
    joined.set(bytes, this.#buffer.length)
    this.#buffer = joined
    while (this.#buffer.length >= headerLength) {
      const length = headerLength + new DataView(this.#buffer.buffer, this.#buffer.byteOffset).getUint16(2)
      if (length > stunLimits.maxMessage) {
        yield undefined
        return
      }
      if (this.#buffer.length < length) return
      const message = this.#buffer.slice(0, length)
      this.#buffer = this.#buffer.slice(length)
      yield message
    }
  }
}

/**
 * Calls all places of the other node from the one port, again and again, and is open for its calls: where both call at once, the calls meet and
 * become one connection (RFC 9293, 3.5). Who decides asks on each connection, and takes the first that answers.
 */
export const punchTcp = (ends: TcpEnds, candidates: readonly Candidate[], attempt: Attempt): TcpPunch => {
  const { clock, random, checks, signal } = attempt
  const connections = new Set<TcpSocket>()
  let settled: TcpSocket | undefined

  /** Resolves when the connection is over, or the path that is taken. */
  const use = (socket: TcpSocket, path: PathKind) =>
    new Promise<void>(over => {
      if (connections.size >= maxConnections || signal.aborted) {
        void socket.close().then(over)
        return
      }
      connections.add(socket)
      const messages = new MessageReader()
      const nomination = random.fill(new Uint8Array(12))
      const question = random.fill(new Uint8Array(12))
      const settle = () => {
        settled = socket
        socket.onData(undefined)
        if (messages.rest.length > 0) socket.unread(messages.rest)
        attempt.settle({ transport: 'tcp', path, remote: socket.remote, socket })
        over()
      }
      const end = () => {
        connections.delete(socket)
        void socket.close().then(over)
      }
      const take = (message: Uint8Array | undefined) => {
        const came = message === undefined ? undefined : checks.read(message)
        if (came === undefined) end()
        else if (came.type === 'request') {
          socket.write(checks.answer(came.transaction, socket.remote))
          if (came.isNomination && !checks.isDecider) settle()
        } else if (Buffer.compare(came.transaction, nomination) === 0) settle()
        else if (Buffer.compare(came.transaction, question) === 0 && attempt.choose(socket))
          socket.write(checks.request(nomination, true))
      }
      socket.onData(bytes => {
        if (bytes === undefined) {
          end()
          return
        }
        for (const message of messages.take(bytes)) {
          take(message)
          // What follows is no longer ours
          if (settled === socket || !connections.has(socket)) return
        }
      })
      if (checks.isDecider) socket.write(checks.request(question, false))
    })

  const isOver = () => signal.aborted
  const call = async ({ endpoint, kind }: Candidate) => {
    const isListening = kind === 'listening'
    // A port that listens is called from any port: the one that is punched may be in use for the same place
    const local = isListening ? { ...ends.local, port: 0 } : ends.local
    while (!isOver()) {
      try {
        const socket = await ends.sockets.connect(local, endpoint, { signal, timeout: callTimeout })
        await use(socket, isListening ? 'direct' : 'punched')
        if (settled !== undefined) return
      } catch (error) {
        if (!P2PError.is(error)) throw error
      }
      if (!isOver()) await pause(clock, again)
    }
  }
  const calls = Promise.all(candidates.map(call))
  return {
    accept: socket => void use(socket, 'reverse'),
    close: async () => {
      await Promise.all([...connections].filter(socket => socket !== settled).map(socket => socket.close()))
      await calls
    },
  }
}

/** An attempt over TCP. */
export interface TcpPunch {
  /** Takes a call of the other node, or of anybody. */
  accept(socket: TcpSocket): void
  /** After the attempt is over: closes all but the path that was taken. */
  close(): Promise<void>
}

const pause = (clock: Clock, milliseconds: number) =>
  new Promise<void>(resolve => {
    clock.after(milliseconds, resolve)
  })
