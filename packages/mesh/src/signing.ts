import { sha256, verify } from '@p2p/noise/signatures'
import type { Newest } from './core/streams.ts'
import { MeshError } from './errors.ts'
import { type Identity, idOf } from './identity.ts'
import { epochOf, originOffset, sequenceOf, setEpoch } from './wire/broadcast.ts'
import { networkTag } from './wire/hello.ts'
import {
  decodeSigned,
  entryOverhead,
  maxEntries,
  signedHeadLength,
  writeEntry,
  writeSignature,
  writeSignedHead,
} from './wire/signed.ts'
import { protocolBytes } from './wire/direct.ts'
import { idFromBytes } from './wire/ids.ts'
import { writeU48 } from './wire/writer.ts'

const context = new TextEncoder().encode('@p2p/mesh origin\n')
const networkAt = context.length
const epochAt = networkAt + 32
const sequenceAt = epochAt + 6
const digestAt = sequenceAt + 6

/** Memory for a turn, at first. */
const firstRoom = 1_024

/** What an origin says in one turn, while it is being said. */
export class Turn {
  readonly sequence: number
  readonly #most: number
  #bytes = new Uint8Array(firstRoom)
  #length = signedHeadLength
  #count = 0

  /** @param most longest SIGNED, in bytes */
  constructor(sequence: number, most: number) {
    this.sequence = sequence
    this.#most = most
  }

  /** Whether a message goes in. The first always does. */
  hasRoomFor(protocol: string, body: Uint8Array): boolean {
    const length = this.#length + entryOverhead + protocolBytes(protocol).length + body.length
    return this.#count === 0 || (this.#count < maxEntries && length <= this.#most)
  }

  /** @returns which message of the turn it is, from 0 on */
  add(protocol: string, body: Uint8Array): number {
    const length = this.#length + entryOverhead + protocolBytes(protocol).length + body.length
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#bytes.length))
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    this.#length = writeEntry(this.#bytes, this.#length, protocol, body)
    return this.#count++
  }

  /** The SIGNED, of which the head is not written yet, in memory of its own. */
  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}

/** Signs what we broadcast, and checks what others have signed. PROTOCOL.md, "Signed origins". */
export class Signing {
  readonly #identity: Identity
  readonly #statement: Uint8Array

  constructor(identity: Identity, network: string) {
    this.#identity = identity
    this.#statement = new Uint8Array(digestAt + 32)
    this.#statement.set(context)
    this.#statement.set(networkTag(network), networkAt)
  }

  /** Writes head and signature of a SIGNED of ours. */
  seal(signed: Uint8Array, epoch: number, sequence: number): void {
    const { id, publicKey } = this.#identity
    writeSignedHead(signed, id, epoch, sequence, publicKey)
    this.#sign(signed)
  }

  /** Gives a SIGNED of ours another epoch. */
  renew(signed: Uint8Array, epoch: number): void {
    setEpoch(signed, 0, epoch)
    this.#sign(signed)
  }

  /** The number of a SIGNED, proven. @throws `P2P_FORGED` if its origin has not said it; `P2P_MALFORMED` */
  check(bytes: Uint8Array, start: number, end: number): Newest {
    const { publicKey, signature, entries } = decodeSigned(bytes, start, end)
    const origin = originOffset(start)
    // A key proves itself: an id is its hash
    if (idOf(publicKey) !== idFromBytes(bytes, origin)) throw forged('a broadcast under the key of another')
    const [epoch, sequence] = [epochOf(bytes, start), sequenceOf(bytes, start)]
    const digest = sha256(entries)
    if (!verify(publicKey, this.#state(epoch, sequence, digest), signature)) {
      throw forged('a broadcast that its origin has not said')
    }
    return { epoch, sequence, proof: { digest, signature: signature.slice() } }
  }

  /** Whether we have said this. */
  isOurs({ epoch, sequence, proof }: Newest): boolean {
    if (proof === undefined) return false
    return verify(this.#identity.publicKey, this.#state(epoch, sequence, proof.digest), proof.signature)
  }

  #sign(signed: Uint8Array): void {
    const { entries } = decodeSigned(signed, 0, signed.length)
    const [epoch, sequence] = [epochOf(signed, 0), sequenceOf(signed, 0)]
    writeSignature(signed, this.#identity.sign(this.#state(epoch, sequence, sha256(entries))))
  }

  /** What is signed, in memory that is used again. */
  #state(epoch: number, sequence: number, digest: Uint8Array): Uint8Array {
    writeU48(this.#statement, epochAt, epoch)
    writeU48(this.#statement, sequenceAt, sequence)
    this.#statement.set(digest, digestAt)
    return this.#statement
  }
}

/** The error for what somebody passes on in another's name: whoever checks before he passes it on does not. */
export const forged = (what: string): MeshError => new MeshError('P2P_FORGED', `the peer sent ${what}`)
