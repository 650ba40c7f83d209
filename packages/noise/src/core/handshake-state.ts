import { NoiseError } from '../errors.ts'
import { type KeyPair, type Primitives, tagLength } from '../primitives/primitives.ts'
import type { CipherState } from './cipher-state.ts'
import { SymmetricState } from './symmetric-state.ts'

type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'psk'

const keyLength = 32

/** Noise §7.5, XX: both ends send their static key, each protected by what was agreed on before. */
const xx: readonly (readonly Token[])[] = [['e'], ['e', 'ee', 's', 'es'], ['s', 'se']]
/** Noise §9.4: the shared secret goes in at the end of the third message. */
const xxpsk3: readonly (readonly Token[])[] = [['e'], ['e', 'ee', 's', 'es'], ['s', 'se', 'psk']]

const utf8 = new TextEncoder()

/** What a handshake starts with. */
export interface HandshakeSettings {
  readonly primitives: Primitives
  readonly initiator: boolean
  /** What both ends must have in common, and do not send. */
  readonly prologue: Uint8Array
  /** Our long-lived key pair. */
  readonly own: KeyPair
  /** A key pair that was made for this handshake and is used in no other. */
  readonly ephemeral: KeyPair
  /** 32 bytes that both ends know: makes it XXpsk3. */
  readonly psk?: Uint8Array | undefined
}

/** The keys of an established session. */
export interface SessionKeys {
  readonly send: CipherState
  readonly receive: CipherState
}

/**
 * Noise §5.3 for Noise_XX_25519_ChaChaPoly_SHA256 and Noise_XXpsk3_25519_ChaChaPoly_SHA256 (revision 34 of the specification): messages in, messages out,
 * and nothing else. Initiator: write, read, write; responder: read, write, read; then {@link split}.
 */
export class HandshakeState {
  readonly #settings: HandshakeSettings
  readonly #pattern: readonly (readonly Token[])[]
  readonly #symmetric: SymmetricState
  #remoteEphemeral: Uint8Array | undefined
  #remoteStatic: Uint8Array | undefined
  #index = 0
  #spent = false

  constructor(settings: HandshakeSettings) {
    const { primitives, prologue, psk } = settings
    this.#settings = settings
    this.#pattern = psk === undefined ? xx : xxpsk3
    const name = `Noise_XX${psk === undefined ? '' : 'psk3'}_25519_ChaChaPoly_SHA256`
    this.#symmetric = new SymmetricState(primitives, utf8.encode(name))
    this.#symmetric.mixHash(prologue)
  }

  /** Whether all three messages have passed. */
  get finished(): boolean {
    return this.#index === this.#pattern.length && !this.#spent
  }

  /** The other end's long-lived public key, once it has come. */
  get remoteStatic(): Uint8Array | undefined {
    return this.#remoteStatic
  }

  /** The hash of the handshake: the same at both ends, and only there. */
  get hash(): Uint8Array {
    return this.#symmetric.hash
  }

  /** The next message. @throws RangeError out of turn */
  write(payload: Uint8Array): Uint8Array {
    const { own, ephemeral } = this.#settings
    const parts: Uint8Array[] = []
    for (const token of this.#takeTurn(true)) {
      if (token === 'e') {
        parts.push(ephemeral.publicKey)
        this.#mixEphemeral(ephemeral.publicKey)
      } else if (token === 's') {
        parts.push(this.#symmetric.encryptAndHash(own.publicKey))
      } else {
        this.#mix(token)
      }
    }
    parts.push(this.#symmetric.encryptAndHash(payload))
    return concat(parts)
  }

  /**
   * The payload of the other end's next message.
   *
   * @throws NoiseError `P2P_MALFORMED` if it is too short or its key is none, `P2P_WRONG_SECRET` if only the secret can be the reason, otherwise
   * `P2P_TAMPERED`; then the handshake is spent
   * @throws RangeError out of turn
   */
  read(message: Uint8Array): Uint8Array {
    const tokens = this.#takeTurn(false)
    let rest = message
    const take = (length: number) => {
      if (rest.length < length) throw this.#fail('P2P_MALFORMED', 'a handshake message is too short')
      const taken = rest.subarray(0, length)
      rest = rest.subarray(length)
      return taken
    }
    for (const token of tokens) {
      if (token === 'e') {
        this.#remoteEphemeral = take(keyLength).slice()
        this.#mixEphemeral(this.#remoteEphemeral)
      } else if (token === 's') {
        this.#remoteStatic = this.#decrypt(take(keyLength + tagLength), 'P2P_TAMPERED')
      } else {
        this.#mix(token)
      }
    }
    // All before it was in order; so the other end has no other keys, but another secret.
    return this.#decrypt(rest, tokens.includes('psk') ? 'P2P_WRONG_SECRET' : 'P2P_TAMPERED')
  }

  /** The session's keys. @throws RangeError before all three messages have passed */
  split(): SessionKeys {
    if (!this.finished) throw new RangeError('the handshake is not finished')
    const [first, second] = this.#symmetric.split()
    this.forget()
    return this.#settings.initiator ? { send: first, receive: second } : { send: second, receive: first }
  }

  /** Forgets the keys of the handshake, not those of {@link split}. The handshake is spent. */
  forget(): void {
    this.#spent = true
    this.#symmetric.forget()
    this.#settings.ephemeral.forget()
  }

  #takeTurn(writing: boolean): readonly Token[] {
    const tokens = this.#pattern[this.#index]
    const ours = (this.#index % 2 === 0) === this.#settings.initiator
    if (tokens === undefined || ours !== writing || this.#spent) {
      throw new RangeError('this is not the turn for that')
    }
    this.#index++
    return tokens
  }

  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey)
    // Noise §9.2: with a secret, the ephemeral key makes every handshake's keys differ from the first message on.
    if (this.#settings.psk !== undefined) this.#symmetric.mixKey(publicKey)
  }

  #mix(token: Exclude<Token, 'e' | 's'>): void {
    const { own, ephemeral, psk, initiator } = this.#settings
    if (token === 'psk') {
      this.#symmetric.mixKeyAndHash(psk as Uint8Array)
      return
    }
    // The first letter is the initiator's key, the second the responder's.
    const ourLetter = initiator ? token[0] : token[1]
    const theirLetter = initiator ? token[1] : token[0]
    const ours = ourLetter === 'e' ? ephemeral : own
    const theirs = theirLetter === 'e' ? this.#remoteEphemeral : this.#remoteStatic
    let shared: Uint8Array
    try {
      shared = ours.agree(theirs as Uint8Array)
    } catch {
      throw this.#fail('P2P_MALFORMED', 'a key of the other end is none')
    }
    this.#symmetric.mixKey(shared)
    shared.fill(0)
  }

  #decrypt(sealed: Uint8Array, code: 'P2P_TAMPERED' | 'P2P_WRONG_SECRET'): Uint8Array {
    const plaintext = this.#symmetric.decryptAndHash(sealed)
    if (plaintext !== undefined) return plaintext
    throw code === 'P2P_TAMPERED'
      ? this.#fail(code, 'a handshake message does not fit what was said before')
      : this.#fail(code, 'the other end has another secret')
  }

  #fail(code: 'P2P_MALFORMED' | 'P2P_TAMPERED' | 'P2P_WRONG_SECRET', message: string): NoiseError {
    this.forget()
    return new NoiseError(code, message)
  }
}

const concat = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
