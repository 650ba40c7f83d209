import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CipherState } from '../src/core/cipher-state.ts'
import { RecordOpener, RecordSealer } from '../src/core/record-cipher.ts'
import { maxContent, rekeyAfter } from '../src/limits.ts'
import { RecordReader } from '../src/record-reader.ts'
import { builds, hex } from './primitives.ts'

const key = () => new Uint8Array(32).fill(5)

/** Noise's transport phase with `node:crypto` only: counter nonces, and REKEY as §4.2 of the specification has it. */
class Model {
  #key = Buffer.alloc(32, 5)
  #counter = 0n

  seal(content: Uint8Array): string {
    const sealed = this.#encrypt(this.#counter++, content)
    if (this.#counter % BigInt(rekeyAfter) === 0n) {
      this.#key = this.#encrypt(2n ** 64n - 1n, Buffer.alloc(32)).subarray(0, 32)
    }
    const length = Buffer.alloc(2)
    length.writeUInt16BE(sealed.length)
    return Buffer.concat([length, sealed]).toString('hex')
  }

  #encrypt(counter: bigint, content: Uint8Array): Buffer<ArrayBuffer> {
    const nonce = Buffer.alloc(12)
    nonce.writeBigUInt64LE(counter, 4)
    const cipher = createCipheriv('chacha20-poly1305', this.#key, nonce, { authTagLength: 16 })
    return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()])
  }
}

const record = (sealer: RecordSealer, content: Uint8Array): Uint8Array => {
  const target = new Uint8Array(content.length + 18)
  // Where it is going to be, or elsewhere
  const inPlace = content.length % 2 === 0
  if (inPlace) target.set(content, 2)
  const sealed = sealer.seal(target, inPlace ? target.subarray(2, 2 + content.length) : content)
  expect(sealed).toBe(target.length)
  return target
}

describe.each(builds)('records by %s', (name, primitives) => {
  const sealer = () => new RecordSealer(new CipherState(primitives, key()))
  const opener = () => new RecordOpener(new CipherState(primitives, key()))

  it('are sealed as the specification says, with a new key in time', () => {
    const [ours, model] = [sealer(), new Model()]
    // The portable build is slow: once past the first new key is enough
    const count = name === 'noble' ? rekeyAfter + 2 : 2 * rekeyAfter + 2
    const content = Uint8Array.of(1, 2, 3)
    for (let index = 0; index < count; index++) {
      const bytes = hex(record(ours, content))
      const expected = model.seal(content)
      if (bytes !== expected) expect(bytes, `record ${index}`).toBe(expected)
    }
  })

  it('are opened by an end that takes new keys at the same time', () => {
    const [ours, theirs] = [sealer(), opener()]
    for (let index = 0; index < rekeyAfter + 2; index++) {
      const content = theirs.open(record(ours, Uint8Array.of(index & 255)).subarray(2))
      if (content[0] !== (index & 255)) expect.unreachable(`record ${index}`)
    }
  })

  it('are refused with any bit of them changed', () => {
    const sealed = record(sealer(), Uint8Array.of(1, 2, 3)).subarray(2)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => opener().open(changed)).toThrow(expect.objectContaining({ code: 'P2P_TAMPERED' }))
    }
    expect(opener().open(sealed)).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('come out as they went in, however the stream is cut', () => {
    const lengths = fc.array(fc.oneof(fc.nat(40), fc.nat(9_000), fc.constant(maxContent)), { maxLength: 5 })
    fc.assert(
      fc.property(lengths, fc.array(fc.integer({ min: 1, max: 70_000 })), (contents, cuts) => {
        const ours = sealer()
        const stream = Buffer.concat(
          contents.map((length, index) => record(ours, new Uint8Array(length).fill(index))),
        )
        const reader = new RecordReader(opener())
        const out: number[] = []
        let at = 0
        for (const cut of [...cuts, stream.length]) {
          // What is cut is used again, as memory of a transport is
          const chunk = Uint8Array.from(stream.subarray(at, at + cut))
          at += chunk.length
          const read = reader.read(chunk, content => {
            expect(content.every(byte => byte === out.length)).toBe(true)
            return out.push(content.length) > 0
          })
          expect(read).toBe(chunk.length)
          chunk.fill(0xee)
        }
        expect(out).toEqual(contents)
        expect(reader.isWithin).toBe(false)
      }),
      { numRuns: name === 'noble' ? 15 : 60 },
    )
  })

  it('wait where the consumer has stopped, even in a record that spans chunks', () => {
    const ours = sealer()
    const stream = Buffer.concat([1, 2, 3].map(value => record(ours, Uint8Array.of(value))))
    for (let cut = 0; cut <= stream.length; cut++) {
      const reader = new RecordReader(opener())
      const out: number[] = []
      const take = (content: Uint8Array) => {
        out.push(content[0] ?? 0)
        return false
      }
      for (let rest of [stream.subarray(0, cut), stream.subarray(cut)]) {
        while (rest.length > 0) rest = rest.subarray(reader.read(Uint8Array.from(rest), take))
      }
      expect(out).toEqual([1, 2, 3])
    }
  })

  it('that are long give their memory back once they were taken, where the collector is slow to', () => {
    const content = new Uint8Array(20_000).fill(3)
    const kept: Uint8Array[] = []
    new RecordReader(opener()).read(record(sealer(), content), part => {
      expect(part).toEqual(content)
      return kept.push(part) > 0
    })
    expect(kept.map(({ length }) => length)).toEqual([name === 'noble' ? content.length : 0])
  })

  it('of an impossible length are refused before they have come', () => {
    for (const length of [0, 15, 65_535]) {
      const reader = new RecordReader(opener())
      const chunk = Uint8Array.of(length >> 8, length & 255, 1)
      expect(() => reader.read(chunk, () => true)).toThrow(expect.objectContaining({ code: 'P2P_TAMPERED' }))
    }
  })
})

describe('nonces', () => {
  it('are never the same twice under one key, new keys included', () => {
    const seen = new Set<string>()
    const seal = (
      sealKey: Uint8Array,
      nonce: Uint8Array,
      _associated: unknown,
      _plaintext: unknown,
      target: Uint8Array,
    ) => {
      const used = `${hex(sealKey)} ${hex(nonce)}`
      expect(seen.has(used)).toBe(false)
      seen.add(used)
      target.fill(seen.size & 255)
    }
    const sealer = new RecordSealer(new CipherState({ ...builds[0][1], seal }, key()))
    for (let index = 0; index < 2 * rekeyAfter; index++) sealer.seal(new Uint8Array(18), new Uint8Array(0))
    expect(seen.size).toBe(2 * rekeyAfter + 2)
  })
})
