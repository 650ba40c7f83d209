import type { Clock, Connection, PeerId, Random, WaitOptions } from '@p2p/interfaces'
import { systemClock, systemRandom } from '@p2p/interfaces/system'
import { WaitError } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { encodeFrame, Kind } from './core/frames.ts'
import { encodeHints, encodeRefusal, networkTag, prologueOf, secretFlag, version } from './core/opening.ts'
import { signedBytes } from './core/proof.ts'
import { NoiseError } from './errors.ts'
import { Handshake, type HandshakeContext, newKeyPair } from './handshake.ts'
import { handshakeTimeout, maxHello, refusalTimeout } from './limits.ts'
import type { Primitives } from './primitives/primitives.ts'
import type { ProvenPeer, SecuredConnection } from './secure-connection.ts'

/** A node's Ed25519 key pair, as `createIdentity()` of `@p2p/mesh` makes it. */
export interface SigningKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** Signs with Ed25519 (RFC 8032): 64 bytes. It is called once. */
  sign(message: Uint8Array): Uint8Array
}

/** Options of `createNoise()`. */
export interface NoiseOptions {
  /** Who we are. */
  readonly identity: SigningKey
  /** The network's name: ends with another one are refused. It is no secret, and is not sent. */
  readonly network: string
  /**
   * What only members know. 32 bytes are used as they are; a text is stretched (scrypt, some 0.1 s, once). Both ends have the same, or none.
   * One that is given and is `undefined` is refused: whoever forgot to set a variable of the environment is not to have an open network.
   *
   * @default none: whoever knows the network's name may connect, and is who it proves to be
   */
  readonly secret?: string | Uint8Array
  /**
   * What a listener says to those who speak without protection, before it ends the connection: something that they understand.
   *
   * @default nothing
   */
  readonly toPlaintext?: Uint8Array | undefined
  /** @default the machine's */
  readonly clock?: Clock | undefined
  /** Where keys come from. @default the machine's */
  readonly random?: Random | undefined
}

/** Options of {@link Noise.secure}. `timeout` is 5 000 ms unless set. */
export interface SecureOptions extends WaitOptions {
  /** Who speaks first. @default `dialler` for an outbound connection */
  readonly role?: 'dialler' | 'listener' | undefined
  /** Who must be at the other end. A dialler checks it before it says who it is itself. @default anybody */
  readonly expected?: PeerId | undefined
  /**
   * Up to 4 096 bytes for the other end, which gets them with our proof. The dialler's may depend on who answers; to a listener's function nobody is
   * passed, for it does not know yet. What a dialler sends is seen only by who has proven to be the peer (and `expected`); what a listener sends, by whoever dials it.
   *
   * @default nothing
   */
  readonly hello?: Uint8Array | ((peer: ProvenPeer | undefined) => Uint8Array) | undefined
  /**
   * Whether a dialler waits until the listener has accepted it: one round trip more, and every refusal is an error of this call. Without, a refusal ends the
   * connection, and `closed` tells it. In either case only the listener itself can read what is written meanwhile.
   *
   * @default true
   */
  readonly confirm?: boolean | undefined
}

/** A node's end of protected connections. */
export interface Noise {
  /**
   * Protects a fresh connection, of which nothing was read or written, and finds out who is at its other end. It takes the connection over: if it rejects,
   * that has ended.
   *
   * @throws NoiseError `P2P_WRONG_NETWORK`, `P2P_WRONG_SECRET`, `P2P_WRONG_VERSION`, `P2P_UNEXPECTED_ID`, `P2P_NOT_PROVEN`, `P2P_PLAINTEXT`,
   * `P2P_LIMIT_REACHED`, `P2P_TAMPERED`, `P2P_MALFORMED`, `P2P_HANDSHAKE_TIMEOUT`, `P2P_HANDSHAKE_FAILED`, `P2P_BAD_OPTION`; WaitError `P2P_ABORTED`
   * by the signal; RangeError for a timeout that is no number
   */
  secure(connection: Connection, options?: SecureOptions): Promise<SecuredConnection>

  /**
   * For a listener that has no room: tells whoever dials so, who then gets `P2P_LIMIT_REACHED`, and ends the connection without having read from it.
   * Resolves when that has ended, after 1 000 ms at the latest.
   */
  turnAway(connection: Connection): Promise<void>
}

const utf8 = new TextEncoder()

/** Makes a {@link Noise} of these primitives. */
export const createNoiseWith = (primitives: Primitives, options: NoiseOptions): Noise => {
  const { identity, network, secret, toPlaintext, clock = systemClock, random = systemRandom } = options
  if (typeof network !== 'string' || network.length === 0 || !network.isWellFormed()) {
    throw badOption('a network is named by a text that is not empty')
  }
  if (!isBytes(identity.publicKey, 32)) throw badOption('a public key is 32 bytes')
  // A network that was meant to be closed is never open by mistake
  const psk = 'secret' in options ? pskOf(primitives, secret, network) : undefined
  const own = newKeyPair(primitives, random)
  const signature = identity.sign(signedBytes(own.publicKey))
  if (!isBytes(signature, 64)) throw badOption('an identity signs with Ed25519: 64 bytes')
  const hints = encodeHints({
    version,
    flags: psk === undefined ? 0 : secretFlag,
    network: networkTag(primitives, network),
  })
  const context: HandshakeContext = {
    primitives,
    own,
    psk,
    hints,
    prologue: prologueOf(hints, network),
    proof: { publicKey: identity.publicKey.slice(), signature },
    toPlaintext,
    clock,
    random,
  }
  return {
    secure: (connection, secureOptions) => secure(context, connection, secureOptions),
    turnAway: connection => {
      const refusal = encodeRefusal('P2P_LIMIT_REACHED') as Uint8Array
      connection.write(encodeFrame(primitives, Kind.refusal, refusal))
      return connection.close({ timeout: refusalTimeout })
    },
  }
}

const secure = async (
  context: HandshakeContext,
  connection: Connection,
  options: SecureOptions = {},
): Promise<SecuredConnection> => {
  const { signal, timeout = handshakeTimeout, expected, confirm = true } = options
  const { role = connection.direction === 'outbound' ? 'dialler' : 'listener', hello } = options
  const handshake = new Handshake(context, connection, {
    role,
    expected,
    confirm,
    hello: peer => checkHello(typeof hello === 'function' ? hello(peer) : (hello ?? new Uint8Array(0))),
  })
  const what = `the handshake with ${connection.remote}`
  try {
    return await wait<SecuredConnection>({ clock: context.clock, what, signal, timeout }, waiter => {
      handshake.begin(waiter)
      return () => handshake.stop()
    })
  } catch (error) {
    // It had failed already, and was still telling the other end.
    if (handshake.failure !== undefined) throw handshake.failure
    const late = error instanceof WaitError && error.code === 'P2P_TIMEOUT'
    const reason = late
      ? new NoiseError('P2P_HANDSHAKE_TIMEOUT', `${what} took longer than ${timeout} ms`, { cause: error })
      : error
    connection.abort(reason as Error)
    throw reason
  }
}

const pskOf = (primitives: Primitives, secret: unknown, network: string): Uint8Array => {
  if (typeof secret === 'string' && secret.length > 0) {
    return primitives.stretch(utf8.encode(secret), utf8.encode(`@p2p/noise secret\n${network}`))
  }
  if (isBytes(secret, 32)) return secret.slice()
  throw badOption(
    'a secret is a text that is not empty, or 32 bytes; for a network without one it is left out',
  )
}

const checkHello = (hello: unknown): Uint8Array => {
  if (hello instanceof Uint8Array && hello.length <= maxHello) return hello
  throw badOption(`a hello is at most ${maxHello} bytes`)
}

const isBytes = (value: unknown, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length

const badOption = (message: string) => new NoiseError('P2P_BAD_OPTION', message)
