import type { Clock, Connection, PeerId, Random } from '@p2p/interfaces'
import type { Waiter } from '@p2p/interfaces/wait'
import { base58 } from '@scure/base'
import { encodeFrame, type Frame, FrameReader, Kind } from './core/frames.ts'
import { HandshakeState } from './core/handshake-state.ts'
import {
  decodeOpening,
  encodeRefusal,
  type Hints,
  refusalError,
  secretFlag,
  version,
} from './core/opening.ts'
import { decodeProof, encodeProof, type Proof } from './core/proof.ts'
import { NoiseError } from './errors.ts'
import { refusalTimeout } from './limits.ts'
import type { KeyPair, Primitives } from './primitives/primitives.ts'
import { asError, type ProvenPeer, SecureConnection, type SecuredConnection } from './secure-connection.ts'

/** What all handshakes of a node have in common. */
export interface HandshakeContext {
  readonly primitives: Primitives
  /** The X25519 key pair that stands for the node. */
  readonly own: KeyPair
  readonly psk: Uint8Array | undefined
  /** What we say in clear. */
  readonly hints: Uint8Array
  readonly prologue: Uint8Array
  /** That the key pair is the node's. */
  readonly proof: Omit<Proof, 'hello'>
  readonly toPlaintext: Uint8Array | undefined
  readonly clock: Clock
  readonly random: Random
}

/** What one handshake is told. */
export interface HandshakeOptions {
  readonly role: 'dialler' | 'listener'
  readonly expected: PeerId | undefined
  readonly confirm: boolean
  readonly hello: (peer: ProvenPeer | undefined) => Uint8Array
}

const nothing = new Uint8Array(0)
const hintsLength = 10

/** A key pair from those dice. */
export const newKeyPair = (primitives: Primitives, random: Random): KeyPair => {
  const secretKey = random.fill(new Uint8Array(32))
  const pair = primitives.keyPair(secretKey)
  secretKey.fill(0)
  return pair
}

/** One handshake over one connection. PROTOCOL.md, "Handshake". */
export class Handshake {
  /** Why it has failed. */
  failure: Error | undefined
  readonly #context: HandshakeContext
  readonly #connection: Connection
  readonly #options: HandshakeOptions
  readonly #frames: FrameReader
  #state: HandshakeState | undefined
  #waiter: Waiter<SecuredConnection> | undefined
  #done = false

  constructor(context: HandshakeContext, connection: Connection, options: HandshakeOptions) {
    this.#context = context
    this.#connection = connection
    this.#options = options
    this.#frames = new FrameReader(context.primitives)
  }

  /** Says the first message, or waits for it. The waiter is settled when the handshake is done or has failed. */
  begin(waiter: Waiter<SecuredConnection>): void {
    this.#waiter = waiter
    const { primitives, hints } = this.#context
    void this.#connection.closed.then(({ error }) => {
      if (this.#done) return
      this.#done = true
      const text = 'the connection ended within the handshake'
      this.#waiter?.reject(new NoiseError('P2P_HANDSHAKE_FAILED', text, { cause: error }))
    })
    if (this.#options.role === 'dialler') {
      this.#state = this.#newState(true)
      const message = this.#state.write(nothing)
      const body = new Uint8Array(hints.length + message.length)
      body.set(hints)
      body.set(message, hints.length)
      this.#connection.write(encodeFrame(primitives, Kind.opening, body))
    }
    this.#connection.onData(chunk => this.#received(chunk))
  }

  /** Nobody waits for it any more. The connection may last: what it was secured with is forgotten. */
  stop(): void {
    this.#done = true
    this.#waiter = undefined
    this.#state?.forget()
    this.#state = undefined
  }

  #newState(initiator: boolean): HandshakeState {
    const { primitives, own, psk, prologue, random } = this.#context
    const ephemeral = newKeyPair(primitives, random)
    return new HandshakeState({ primitives, initiator, own, psk, prologue, ephemeral })
  }

  #received(chunk: Uint8Array): void {
    let at = 0
    try {
      while (at < chunk.length && !this.#done) {
        const { end, frame } = this.#frames.read(chunk, at)
        at = end
        if (frame !== undefined) this.#take(frame, chunk.subarray(at))
      }
    } catch (error) {
      this.#fail(asError(error))
    }
  }

  #take(frame: Frame, rest: Uint8Array): void {
    if (frame.kind === Kind.refusal) {
      this.#done = true
      this.#end(refusalError(frame.body))
      return
    }
    const { role } = this.#options
    const expected = role === 'dialler' ? Kind.answer : this.#state === undefined ? Kind.opening : Kind.proof
    if (role === 'dialler' && frame.kind === Kind.opening) {
      const text = 'the other end speaks first, too: both dialled, or it repeats what it is sent'
      throw new NoiseError('P2P_MALFORMED', text)
    }
    if (frame.kind !== expected) {
      throw new NoiseError('P2P_MALFORMED', `a handshake message of kind ${frame.kind}`)
    }
    if (frame.kind === Kind.opening) this.#answer(frame.body)
    else if (frame.kind === Kind.answer) this.#prove(frame.body, rest)
    else this.#establish(this.#judge(frame.body), rest)
  }

  /** The listener's turn. */
  #answer(body: Uint8Array): void {
    const opening = decodeOpening(body)
    if ('other' in opening) {
      const text = `the other end speaks version ${opening.other}, this one ${version}`
      throw new NoiseError('P2P_WRONG_VERSION', text)
    }
    this.#compare(opening.hints)
    this.#state = this.#newState(false)
    this.#state.read(opening.message)
    this.#say(Kind.answer, undefined)
  }

  /** @throws NoiseError for hints that say that it cannot work */
  #compare({ flags, network }: Hints): void {
    const { hints, psk } = this.#context
    for (let index = 0; index < network.length; index++) {
      if (network[index] !== hints[hintsLength - network.length + index]) {
        throw new NoiseError('P2P_WRONG_NETWORK', 'the other end belongs to another network')
      }
    }
    if ((flags & ~secretFlag) !== 0) throw new NoiseError('P2P_MALFORMED', `unknown flags ${flags}`)
    if (flags !== hints[1]) {
      const text =
        psk === undefined ? 'the other end has a secret, we have none' : 'the other end has no secret'
      throw new NoiseError('P2P_WRONG_SECRET', text)
    }
  }

  /** The dialler's turn: who answers is checked before we say who we are. */
  #prove(body: Uint8Array, rest: Uint8Array): void {
    const peer = this.#judge(body)
    this.#say(Kind.proof, peer)
    this.#establish(peer, rest)
  }

  #judge(body: Uint8Array): ProvenPeer {
    const { primitives } = this.#context
    const state = this.#state as HandshakeState
    const payload = state.read(body)
    const { publicKey, hello } = decodeProof(primitives, payload, state.remoteStatic as Uint8Array)
    const id = base58.encode(primitives.sha384(publicKey))
    const { expected } = this.#options
    if (expected !== undefined && id !== expected) {
      throw new NoiseError('P2P_UNEXPECTED_ID', `expected ${expected}, but ${id} answered`)
    }
    return { id, publicKey, hello }
  }

  #say(kind: typeof Kind.answer | typeof Kind.proof, peer: ProvenPeer | undefined): void {
    const { primitives, proof } = this.#context
    const payload = encodeProof({ ...proof, hello: this.#options.hello(peer) })
    this.#connection.write(encodeFrame(primitives, kind, (this.#state as HandshakeState).write(payload)))
  }

  #establish(peer: ProvenPeer, rest: Uint8Array): void {
    this.#done = true
    const { primitives, clock } = this.#context
    const { role, confirm } = this.#options
    const secured = new SecureConnection({
      below: this.#connection,
      peer,
      keys: (this.#state as HandshakeState).split(),
      primitives,
      clock,
      rest: rest.slice(),
      role,
    })
    if (role === 'listener' || !confirm) {
      this.#waiter?.resolve(secured)
      return
    }
    secured.confirmed().then(
      () => this.#waiter?.resolve(secured),
      (error: unknown) => this.#waiter?.reject(error),
    )
  }

  /** Tells the other end why, if that helps it, and ends the connection. */
  #fail(error: Error): void {
    if (this.#done) return
    this.#done = true
    this.#state?.forget()
    const { primitives, toPlaintext } = this.#context
    const code = error instanceof NoiseError ? error.code : ''
    const refusal = encodeRefusal(code)
    if (refusal !== undefined) {
      this.#connection.write(encodeFrame(primitives, Kind.refusal, refusal))
    } else if (code === 'P2P_PLAINTEXT' && toPlaintext !== undefined && this.#options.role === 'listener') {
      this.#connection.write(toPlaintext.slice())
    } else {
      this.failure = error
      this.#connection.abort(error)
      this.#waiter?.reject(error)
      return
    }
    this.#end(error)
  }

  /** Ends the connection, so that what was said last arrives. */
  #end(error: Error): void {
    this.failure = error
    void this.#connection.close({ timeout: refusalTimeout }).then(() => this.#waiter?.reject(error))
  }
}
