import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeStun,
  encodeStun,
  type StunAttributes,
  type StunDraft,
  stunLimits,
  verifyIntegrity,
} from '../src/stun.ts'

const bytes = (hex: string) => new Uint8Array(Buffer.from(hex.replace(/\s/g, ''), 'hex'))
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')
const utf8 = (text: string) => new TextEncoder().encode(text)

/** RFC 5769, sections 2.1 to 2.4. Their hashes and checksums prove that they were copied right. */
const vectors = {
  request: bytes(`000100582112a442b7e7a701bc34d686fa87dfae
    802200105354554e207465737420636c69656e74 002400046e0001ff 80290008932ff9b151263b36
    0006000965 76746a3a68367659202020 000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf`),
  response4: bytes(`0101003c2112a442b7e7a701bc34d686fa87dfae 8022000b7465737420766563746f7220
    002000080001a147e112a643 000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004c07d4c96`),
  response6: bytes(`010100482112a442b7e7a701bc34d686fa87dfae 8022000b7465737420766563746f7220
    002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9 00080014a382954e4be67bf11784c97c8292c275bfe3ed41
    80280004c8fb0b4c`),
  longTerm: bytes(`000100602112a44278ad3433c6ad72c029da412e
    00060012e3839ee38388e383aae38383e382afe382b90000
    0015001c662f2f3439396b39353464364f4c33346f4c394653547679363473 41
    0014000b6578616d706c652e6f726700 00080014f67024656dd64a3e02b8e0712e85c9a28ca89666`),
}
const password = utf8('VOkJxbRl1RmTxUk/WvJxBt')
const longTermKey = new Uint8Array(createHash('md5').update('マトリックス:example.org:TheMatrIX').digest())

describe('the vectors of RFC 5769', () => {
  it('2.1: a request with short-term credentials', () => {
    const message = decodeStun(vectors.request)
    expect(message).toMatchObject({ kind: 'request', method: 1, unknown: [] })
    expect(hex(message.transaction)).toBe('b7e7a701bc34d686fa87dfae')
    expect(message.attributes).toEqual({
      software: 'STUN test client',
      priority: 0x6e0001ff,
      iceControlled: 0x932ff9b151263b36n,
      username: 'evtj:h6vY',
    })
    expect(verifyIntegrity(vectors.request, password)).toBe(true)
    expect(verifyIntegrity(vectors.request, utf8('another'))).toBe(false)
  })

  it('2.2 and 2.3: answers with an address of IPv4 and of IPv6', () => {
    expect(decodeStun(vectors.response4)).toMatchObject({
      kind: 'success',
      attributes: { xorMappedAddress: { address: '192.0.2.1', family: 4, port: 32_853 } },
    })
    expect(decodeStun(vectors.response6).attributes).toEqual({
      software: 'test vector',
      xorMappedAddress: { address: '2001:db8:1234:5678:11:2233:4455:6677', family: 6, port: 32_853 },
    })
    expect(verifyIntegrity(vectors.response4, password)).toBe(true)
    expect(verifyIntegrity(vectors.response6, password)).toBe(true)
  })

  it('2.4: a request with long-term credentials, which is written the same, byte by byte', () => {
    const message = decodeStun(vectors.longTerm)
    expect(message.attributes).toEqual({
      username: 'マトリックス',
      nonce: 'f//499k954d6OL34oL9FSTvy64sA',
      realm: 'example.org',
    })
    expect(verifyIntegrity(vectors.longTerm, longTermKey)).toBe(true)
    const { transaction, attributes } = message
    expect(hex(encodeStun({ kind: 'request', transaction, attributes, key: longTermKey }))).toBe(
      hex(vectors.longTerm),
    )
  })

  it('a bit of the request that is flipped is noticed, or changes nothing', () => {
    const { attributes } = decodeStun(vectors.request)
    for (let bit = 0; bit < vectors.request.length * 8; bit++) {
      const damaged = vectors.request.slice()
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      try {
        const read = decodeStun(damaged)
        // Where the fingerprint is no longer known as one, the integrity stands in for it
        if (verifyIntegrity(damaged, password)) expect(read.attributes, `bit ${bit}`).toEqual(attributes)
      } catch (error) {
        expect(error, `bit ${bit}`).toMatchObject({ code: 'P2P_PROTOCOL_ERROR' })
      }
    }
  })
})

describe('a message of RFC 3489', () => {
  it('has no cookie, a transaction of 16 bytes, and plain addresses', () => {
    // Written by hand from RFC 3489, 11.1 and 11.2
    const answer = bytes(`01010024 000102030405060708090a0b0c0d0e0f
      00010008 0001 8235 0a000001 00040008 0001 0d96 c6336401 00050008 0001 0d97 c6336402`)
    const message = decodeStun(answer)
    expect(hex(message.transaction)).toBe('000102030405060708090a0b0c0d0e0f')
    expect(message.attributes).toEqual({
      mappedAddress: { address: '10.0.0.1', family: 4, port: 33_333 },
      sourceAddress: { address: '198.51.100.1', family: 4, port: 3_478 },
      changedAddress: { address: '198.51.100.2', family: 4, port: 3_479 },
    })
    const { transaction, attributes } = message
    expect(hex(encodeStun({ kind: 'success', transaction, attributes }))).toBe(hex(answer))
  })
})

const endpoint = fc.oneof(
  fc.record({
    address: fc.ipV4(),
    family: fc.constant(4 as const),
    port: fc.integer({ min: 0, max: 65_535 }),
  }),
  fc.record({
    address: fc
      .array(fc.integer({ min: 1, max: 0xffff }), { minLength: 8, maxLength: 8 })
      .map(parts => parts.map(part => part.toString(16)).join(':')),
    family: fc.constant(6 as const),
    port: fc.integer({ min: 0, max: 65_535 }),
  }),
)
const text = fc.string({ maxLength: 60, unit: 'grapheme' })
const attributes: fc.Arbitrary<StunAttributes> = fc.record(
  {
    username: text,
    nonce: text,
    realm: text,
    software: text,
    mappedAddress: endpoint,
    xorMappedAddress: endpoint,
    responseOrigin: endpoint,
    otherAddress: endpoint,
    changeRequest: fc.record({ address: fc.boolean(), port: fc.boolean() }),
    responsePort: fc.integer({ min: 0, max: 65_535 }),
    errorCode: fc.record({ code: fc.integer({ min: 300, max: 699 }), reason: text }),
    unknownAttributes: fc.array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 10 }),
    priority: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    useCandidate: fc.constant(true),
    iceControlling: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  },
  { requiredKeys: [] },
)

describe('a message', () => {
  it('is what was written, for all attributes', () => {
    const draft = fc.record({
      kind: fc.constantFrom('request', 'indication', 'success', 'error'),
      method: fc.integer({ min: 0, max: 0xfff }),
      transaction: fc.uint8Array({ minLength: 12, maxLength: 12 }),
      attributes,
      fingerprint: fc.boolean(),
      key: fc.uint8Array({ minLength: 1, maxLength: 30 }),
    })
    fc.assert(
      fc.property(draft as fc.Arbitrary<StunDraft & { key: Uint8Array }>, drafted => {
        const encoded = encodeStun(drafted)
        const { kind, method, transaction } = drafted
        const decoded = { kind, method, transaction, attributes: drafted.attributes, unknown: [] }
        expect(decodeStun(encoded)).toEqual(decoded)
        expect(verifyIntegrity(encoded, drafted.key)).toBe(true)
      }),
    )
  })

  it('names the attributes that it should be understood by and is not', () => {
    const message = bytes('0001000c2112a442000000000000000000000000 0030000100000000 80ff0000')
    expect(decodeStun(message).unknown).toEqual([0x30])
  })

  it('is taken or refused with its own error, whatever the bytes are', () => {
    const near = fc
      .tuple(
        fc.constantFrom(...Object.values(vectors)),
        fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
      )
      .map(([vector, changes]) => {
        // Without its fingerprint, so that what is damaged is read
        const damaged = vector.slice(0, vector.length - 8)
        damaged[3] = damaged.length - 20
        for (const [at, byte] of changes) if (at !== 2 && at !== 3) damaged[at % damaged.length] = byte
        return damaged
      })
    fc.assert(
      fc.property(fc.oneof(near, fc.uint8Array({ maxLength: 60 })), input => {
        try {
          decodeStun(input)
        } catch (error) {
          expect(error).toMatchObject({ code: 'P2P_PROTOCOL_ERROR' })
        }
        verifyIntegrity(input.length < 20 ? vectors.request : input, password)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is bounded in bytes and attributes before any is looked at', () => {
    expect(() => decodeStun(new Uint8Array(stunLimits.maxMessage + 4))).toThrow(/longer than/)
    const many = new Uint8Array(20 + 65 * 4)
    many.set(vectors.request.subarray(0, 20))
    new DataView(many.buffer).setUint16(2, 65 * 4)
    expect(() => decodeStun(many)).toThrow(/attributes/)
    const software = 'x'.repeat(stunLimits.maxMessage)
    expect(() =>
      encodeStun({ kind: 'request', transaction: new Uint8Array(12), attributes: { software } }),
    ).toThrow(RangeError)
  })
})
