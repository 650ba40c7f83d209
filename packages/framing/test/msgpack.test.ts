import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, it } from 'vitest'

import { FramingError, msgpack } from '../src/index.ts'
import { codePoint } from './code-point.ts'
import { expectSame, hex, thrownBy, unhex } from './streams.ts'

const codec = msgpack()

const keyed = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, index]))

describe('msgpack', () => {
  // from the specification, and its "compact" example from msgpack.org
  const written: readonly [unknown, string][] = [
    [null, 'c0'],
    [false, 'c2'],
    [true, 'c3'],
    [0, '00'],
    [127, '7f'],
    [128, 'cc80'],
    [255, 'ccff'],
    [256, 'cd0100'],
    [65_535, 'cdffff'],
    [65_536, 'ce00010000'],
    [2 ** 32 - 1, 'ceffffffff'],
    [2 ** 32, 'cb41f0000000000000'],
    [-1, 'ff'],
    [-32, 'e0'],
    [-33, 'd0df'],
    [-128, 'd080'],
    [-129, 'd1ff7f'],
    [-32_768, 'd18000'],
    [-32_769, 'd2ffff7fff'],
    [-(2 ** 31), 'd280000000'],
    [-(2 ** 31) - 1, 'cbc1e0000000200000'],
    [1.5, 'cb3ff8000000000000'],
    [NaN, 'cb7ff8000000000000'],
    [Infinity, 'cb7ff0000000000000'],
    [1n, 'd30000000000000001'],
    [2n ** 63n, 'cf8000000000000000'],
    [2n ** 64n - 1n, 'cfffffffffffffffff'],
    [-1n, 'd3ffffffffffffffff'],
    [-(2n ** 63n), 'd38000000000000000'],
    ['', 'a0'],
    ['a', 'a161'],
    ['é', 'a2c3a9'],
    ['a'.repeat(31), `bf${'61'.repeat(31)}`],
    ['a'.repeat(32), `d920${'61'.repeat(32)}`],
    ['é'.repeat(16), `d920${'c3a9'.repeat(16)}`],
    ['é'.repeat(15), `be${'c3a9'.repeat(15)}`],
    ['a'.repeat(255), `d9ff${'61'.repeat(255)}`],
    ['a'.repeat(256), `da0100${'61'.repeat(256)}`],
    ['€'.repeat(100), `da012c${'e282ac'.repeat(100)}`],
    ['a'.repeat(65_536), `db00010000${'61'.repeat(65_536)}`],
    ['€'.repeat(30_000), `db00015f90${'e282ac'.repeat(30_000)}`],
    [new Uint8Array(0), 'c400'],
    [unhex('010203'), 'c403010203'],
    [new Uint8Array(256), `c50100${'00'.repeat(256)}`],
    [new Uint8Array(65_536), `c600010000${'00'.repeat(65_536)}`],
    [[], '90'],
    [[1, [2]], '920191 02'.replace(' ', '')],
    [new Array(15).fill(null), `9f${'c0'.repeat(15)}`],
    [new Array(16).fill(null), `dc0010${'c0'.repeat(16)}`],
    [new Array(65_536).fill(0), `dd00010000${'00'.repeat(65_536)}`],
    [{}, '80'],
    [{ compact: true, schema: 0 }, '82a7636f6d70616374c3a6736368656d6100'],
  ]
  it.each(written.map(([value, encoded]) => ({ value, encoded, start: encoded.slice(0, 24) })))(
    'writes and reads what the specification says: $start',
    ({ value, encoded }) => {
      expect(hex(codec.encode(value))).toBe(encoded)
      expectSame(codec.decode(unhex(encoded)), value)
    },
  )

  it('knows one zero, so that what it reads is what it can write', () => {
    expect(hex(codec.encode([-0]))).toBe('9100')
    expect(codec.decode(unhex('92cb8000000000000000ca80000000'))).toStrictEqual([0, 0])
  })

  it('writes objects of any size', () => {
    expect(hex(codec.encode(keyed(15))).slice(0, 2)).toBe('8f')
    expect(hex(codec.encode(keyed(16))).slice(0, 6)).toBe('de0010')
    expect(hex(codec.encode(keyed(70_000))).slice(0, 10)).toBe('df00011170')
    for (const count of [15, 16, 70_000]) expectSame(codec.decode(codec.encode(keyed(count))), keyed(count))
  })

  // the same values as other encoders may write them
  it.each<[string, unknown]>([
    ['ca3fc00000', 1.5],
    ['cb3ff0000000000000', 1],
    ['cc01', 1],
    ['cd0001', 1],
    ['ce00000001', 1],
    ['d001', 1],
    ['d1ffff', -1],
    ['d200000001', 1],
    ['d3000000000000002a', 42n],
    ['d90161', 'a'],
    ['da000161', 'a'],
    ['db0000000161', 'a'],
    ['c50001ff', unhex('ff')],
    ['c600000001ff', unhex('ff')],
    ['dc0001c0', [null]],
    ['dd00000001c0', [null]],
    ['de0001d9016101', { a: 1 }],
    ['df00000001da00016101', { a: 1 }],
    ['81db000000016101', { a: 1 }],
  ])('reads the longer form %s', (encoded, value) => {
    expect(codec.decode(unhex(encoded))).toStrictEqual(value)
  })

  it.each([
    ['nothing', ['']],
    ['the unused type', ['c1', '91c1']],
    [
      'extensions',
      [
        'd40000',
        'd4720040',
        'd50000 00',
        'd6ff00000000',
        'd700 0000000000000000',
        `d800${'00'.repeat(16)}`,
        'c70001',
        'c8000001',
        'c90000000001',
      ],
    ],
    [
      'numbers that are cut',
      [
        'cc',
        'cd00',
        'ce000000',
        'cf00',
        'ca000000',
        'cb00000000000000',
        'd0',
        'd100',
        'd2000000',
        'd300000000000000',
      ],
    ],
    [
      'text that is cut',
      ['a1', 'a261', 'd9', 'd90261', 'da', 'da00', 'da000261', 'db000000', 'dbffffffff61'],
    ],
    ['bytes that are cut', ['c4', 'c40100'.slice(0, 4), 'c5', 'c50002ff', 'c6ffffffff', 'c6000000']],
    [
      'arrays that are cut',
      ['91', '9200', 'dc', 'dc0001', 'dd00000001', 'ddffffffff', 'ddffffffff00', 'dc000100'.slice(0, 6)],
    ],
    ['objects that are cut', ['81', '81a161', 'de', 'de0001', 'df00000001', 'dfffffffffa16100']],
    ['bytes that are left over', ['0000', 'c0c0', '9090', '80a161', 'a16161']],
    ['keys that are not text', ['810101', '81c001', '81c4016101', '819001', '81c301', '81c101']],
    [
      'a property that comes twice',
      [
        '82a16101a16102',
        '82a16101d9016102',
        '9182a16180a161c0',
        '82a0c0a0c0',
        '82a8746f537472696e6701a8746f537472696e6702',
      ],
    ],
    [
      'a prototype',
      [
        '81a95f5f70726f746f5f5f80',
        '81d9095f5f70726f746f5f5f80',
        '81da00095f5f70726f746f5f5f80',
        '9181a16181a95f5f70726f746f5f5f01',
      ],
    ],
    [
      'text that is not UTF-8',
      [
        'a1ff',
        'a1c3',
        'a2c328',
        'a2c080',
        'a3eda080',
        'a4f4908080',
        'a3e28228',
        'a4f0808080',
        `d920${'61'.repeat(31)}ff`,
        '81a1ff00',
        `81d928${'61'.repeat(39)}c300`,
      ],
    ],
  ])('refuses %s', (_name, encodings) => {
    for (const encoded of encodings) {
      const error = thrownBy(() => codec.decode(unhex(encoded.replaceAll(' ', ''))))
      expect([encoded, FramingError.is(error, 'P2P_NOT_DECODABLE')]).toEqual([encoded, true])
    }
  })

  it('does not take a name that it remembers for bytes that are not UTF-8', () => {
    // U+0080 to U+00FF have the values of bytes that mean nothing by themselves
    for (let first = 0x80; first < 0x100; first++) {
      for (let second = 0x80 + (first % 3); second < 0x100; second += 3) {
        const name = String.fromCharCode(first, second)
        const decoded = codec.decode(codec.encode({ [name]: 1 })) as Record<string, unknown>
        if (decoded[name] !== 1) expect.unreachable(`${first} ${second}`)
        const isUtf8 = first >= 0xc2 && first < 0xe0 && second < 0xc0
        const error = thrownBy(() => codec.decode(Uint8Array.of(0x81, 0xa2, first, second, 1)))
        if (FramingError.is(error, 'P2P_NOT_DECODABLE') === isUtf8) expect.unreachable(`${first} ${second}`)
      }
    }
  })

  it('is not brought down by depth', () => {
    const nested = (depth: number) => unhex('91'.repeat(depth) + 'c0')
    expect(codec.encode(codec.decode(nested(64)))).toEqual(nested(64))
    for (const depth of [65, 1000, 1_000_000]) {
      expect(() => codec.decode(nested(depth))).toThrow(
        expect.objectContaining({ code: 'P2P_NOT_DECODABLE' }),
      )
    }
    const maps = unhex(`${'81a161'.repeat(1_000_000)}c0`)
    expect(() => codec.decode(maps)).toThrow('more than 64 deep')
    let deep: unknown = null
    for (let depth = 0; depth < 65; depth++) deep = depth % 2 === 0 ? [deep] : { deep }
    expect(() => codec.encode(deep)).toThrow(expect.objectContaining({ code: 'P2P_NOT_ENCODABLE' }))
    expect(() => msgpack({ depth: 65 }).encode(deep)).not.toThrow()
  })

  it('holds values to its limit, both ways', () => {
    const small = msgpack({ values: 5 })
    for (const value of [[1, 2, 3, 4, 5], { a: [1, 2, 3, 4] }, [[[[[]]]]]]) {
      expect(small.decode(small.encode(value))).toStrictEqual(value)
    }
    for (const value of [[1, 2, 3, 4, 5, 6], { a: [1, 2, 3, 4], b: 5 }, [[[[[[[]]]]]]]]) {
      expect(() => small.encode(value)).toThrow(expect.objectContaining({ code: 'P2P_NOT_ENCODABLE' }))
      expect(() => small.decode(codec.encode(value))).toThrow(
        expect.objectContaining({ code: 'P2P_NOT_DECODABLE' }),
      )
    }
    const empties = new Uint8Array(2 ** 20 + 6).fill(0x80)
    empties.set(unhex('dd00100001'))
    expect(() => codec.decode(empties)).toThrow('more than 1048576 values')
    // shared parts are counted each time that they are written
    let doubled: unknown = 'x'
    for (let depth = 0; depth < 60; depth++) doubled = [doubled, doubled]
    expect(() => codec.encode(doubled)).toThrow(expect.objectContaining({ code: 'P2P_NOT_ENCODABLE' }))
  })

  it('allocates nothing for lengths that are only announced', () => {
    const { arrayBuffers: before } = process.memoryUsage()
    for (let count = 0; count < 300; count++) {
      for (const lie of ['c6ffffffff', 'dbffffffff', 'ddffffffff', 'dfffffffff', 'dd000fffff'.repeat(60)]) {
        expect(thrownBy(() => codec.decode(unhex(lie)))).toMatchObject({ code: 'P2P_NOT_DECODABLE' })
      }
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 2 ** 20)
  })

  it('says where in a value the fault is', () => {
    const faults: [unknown, string][] = [
      [undefined, 'cannot encode undefined'],
      [{ a: [1, { b: () => 1 }] }, 'cannot encode a function at .a[1].b'],
      [[new Date(0)], 'cannot encode an instance of Date at [0]'],
      [{ a: { b: '\ud800' } }, 'cannot encode text with half of a surrogate pair at .a.b'],
      [JSON.parse('{"a":{"__proto__":1}}'), 'cannot encode a property of this name at .a.__proto__'],
      [[2n ** 64n], 'cannot encode a bigint of more than 64 bits at [0]'],
    ]
    for (const [value, message] of faults)
      expect(thrownBy(() => codec.encode(value))).toEqual(new TypeError(message))
    const cyclic: unknown[] = []
    cyclic.push({ cyclic })
    expect(thrownBy(() => codec.encode(cyclic))).toBeInstanceOf(TypeError)
    expect(String(thrownBy(() => codec.encode(cyclic)))).toContain('a cycle at')
  })

  it('goes on after an error as if nothing had been', () => {
    const before = codec.encode({ a: 1 })
    expect(() => codec.encode([1, 2, undefined])).toThrow(TypeError)
    expect(() => codec.encode(['x'.repeat(100_000), undefined])).toThrow(TypeError)
    expect(() => codec.decode(unhex('9201'))).toThrow()
    expect(hex(codec.encode([3]))).toBe('9103')
    expect(hex(before)).toBe('81a16101')
    expect(codec.decode(before)).toStrictEqual({ a: 1 })
  })

  it.each([
    ['a header of 2 bytes where 1 was guessed', 'é'.repeat(20)],
    ['a header of 3 bytes where 2 were guessed', '€'.repeat(90)],
    ['a header of 2 bytes', 'a'.repeat(90)],
    ['a header of 1 byte', 'é'.repeat(15)],
  ])('writes text with %s whole wherever its memory ends', (_name, text) => {
    const list = Array.from({ length: Math.ceil(9000 / text.length) }, () => text)
    for (let shift = 0; shift < 280; shift++) {
      const value = ['s'.repeat(shift), ...list]
      expectSame(codec.decode(codec.encode(value)), value)
    }
  })

  it('writes text with a header of 5 bytes where 3 were guessed', () => {
    for (let shift = 0; shift < 10; shift++) {
      const value = ['s'.repeat(shift), '€'.repeat(30_000), 'a'.repeat(70_000), '€'.repeat(30_000)]
      expect(codec.decode(codec.encode(value))).toStrictEqual(value)
    }
  })

  it('can be called by a getter of the value that it encodes', () => {
    const value = {
      first: 1,
      get inner() {
        return codec.encode({ nested: 'value' })
      },
      last: 'x'.repeat(10_000),
    }
    const decoded = codec.decode(codec.encode(value)) as { inner: Uint8Array; last: string }
    expect(codec.decode(decoded.inner)).toStrictEqual({ nested: 'value' })
    expect(decoded.last).toBe(value.last)
  })

  it('pollutes no prototype, and knows its own properties from inherited ones', () => {
    const value = { constructor: 1, toString: 2, valueOf: null, hasOwnProperty: 'x', isPrototypeOf: false }
    expect(codec.decode(codec.encode(value))).toStrictEqual(value)
    expect(
      thrownBy(() => codec.decode(unhex('81a95f5f70726f746f5f5f81a161 01'.replace(' ', '')))),
    ).toMatchObject({
      code: 'P2P_NOT_DECODABLE',
    })
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it('makes a Uint8Array of bytes, also of a Buffer, with memory of its own', () => {
    const encoded = Buffer.from(codec.encode([Buffer.from('abc'), new Uint8Array(200)]))
    const [short, long] = codec.decode(encoded) as [Uint8Array, Uint8Array]
    expect(short.constructor).toBe(Uint8Array)
    expect(long.constructor).toBe(Uint8Array)
    expect(short.buffer.byteLength).toBe(3)
    encoded.fill(0)
    expect(hex(short)).toBe('616263')
  })

  it('takes objects without a prototype, and arrays and objects of another realm', async () => {
    const { runInNewContext } = await import('node:vm')
    const bare = Object.assign(Object.create(null) as object, { a: 1 })
    expect(codec.decode(codec.encode(bare))).toStrictEqual({ a: 1 })
    expect(codec.decode(codec.encode(runInNewContext('({a: [1, {b: 2}]})')))).toStrictEqual({
      a: [1, { b: 2 }],
    })
    expect(() => codec.encode(Object.create({ inherited: 1 }))).toThrow(TypeError)
  })

  it.each([{ depth: 0 }, { depth: 1001 }, { depth: 1.5 }, { values: 0 }, { values: NaN }])(
    'refuses the limits %o',
    limits => {
      expect(() => msgpack(limits)).toThrow(expect.objectContaining({ code: 'P2P_BAD_OPTION' }))
    },
  )
})

const name = fc.string({ unit: codePoint, maxLength: 40 }).filter(text => text !== '__proto__')

/** msgpackr writes −0 as 0. */
const float = fc.double().map(number => (number === 0 ? 0 : number))

const anyValue = fc.letrec<{ tree: unknown }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.maxSafeInteger(),
      float,
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.string({ unit: codePoint, maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map(value => new Uint8Array(value)),
    ),
    fc.array(tie('tree'), { maxLength: 20 }),
    fc.array(fc.tuple(name, tie('tree')), { maxLength: 20 }).map(entries => Object.fromEntries(entries)),
  ),
})).tree

describe('msgpack, for any value', () => {
  it('gives back what it was given', () => {
    fc.assert(
      fc.property(anyValue, value => {
        expectSame(codec.decode(codec.encode(value)), value)
      }),
      { numRuns: 200, interruptAfterTimeLimit: 10_000 },
    )
  })

  it('writes what msgpackr reads, and reads what msgpackr writes', () => {
    const packr = new Packr({ useRecords: false, variableMapSize: true, copyBuffers: true, useToJSON: false })
    fc.assert(
      fc.property(anyValue, value => {
        expectSame(packr.unpack(codec.encode(value).slice()), value)
        expectSame(codec.decode(packr.pack(value)), value)
      }),
      { numRuns: 200, interruptAfterTimeLimit: 10_000 },
    )
  })
})
