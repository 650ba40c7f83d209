import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { json } from '../src/index.ts'
import { codePoint } from './code-point.ts'
import { bytes, expectSame, unhex } from './streams.ts'

const codec = json()
const refused = expect.objectContaining({ code: 'P2P_NOT_DECODABLE' }) as Error

describe('json', () => {
  it('writes JSON', () => {
    expect(Buffer.from(codec.encode({ a: [1, 'é', null], b: true })).toString()).toBe(
      '{"a":[1,"é",null],"b":true}',
    )
  })

  it('reads JSON as others write it', () => {
    expect(codec.decode(bytes(' { "a" : [ 1.0 , "\\u00e9\\n" ] }\r\n'))).toStrictEqual({ a: [1, 'é\n'] })
    expect(codec.decode(bytes('{"a:b,[{":"x,\\"]}:"}'))).toStrictEqual({ 'a:b,[{': 'x,"]}:' })
    expect(codec.decode(bytes('"\\\\"'))).toBe('\\')
  })

  it.each([
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    'undefined',
    'NaN',
    '1e400',
    "'a'",
    '1 2',
    '\ufeff1',
    '"\\ud800"',
    '{"\\udc00":1}',
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"a":1,"a":{}}}]',
    '{"__proto__":1}',
    '{"a":{"\\u005f_proto__":{}}}',
    ']]]]',
    '"abc',
    '"abc\\',
    '{"a"}',
    '{"a":1:2}',
  ])('refuses %s', text => {
    expect(() => codec.decode(bytes(text))).toThrow(refused)
  })

  it('refuses bytes that are not UTF-8', () => {
    for (const encoded of ['ff', '22ff22', '22eda08022', 'fffe', '7b22c328223a317d']) {
      expect(() => codec.decode(unhex(encoded))).toThrow(refused)
    }
  })

  it('holds depth and values to its limits, both ways, before it parses', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    expect(codec.decode(bytes(nested(64)))).toBeInstanceOf(Array)
    for (const text of [nested(65), '['.repeat(1_000_000), '{"a":'.repeat(1_000_000)]) {
      expect(() => codec.decode(bytes(text))).toThrow('more than 64 deep')
    }
    for (const text of [`[${'0,'.repeat(2 ** 20 + 1)}`, '[]'.repeat(2 ** 20 + 2)]) {
      expect(() => codec.decode(bytes(text))).toThrow('more than 1048576 values')
    }
    const small = json({ values: 5, depth: 3 })
    for (const value of [[1, 2, 3, 4, 5], [[], [], [], [], []], { a: [1, 2, 3, 4] }, [[[]]], '[[[[[[']) {
      expect(small.decode(small.encode(value))).toStrictEqual(value)
    }
    for (const value of [[1, 2, 3, 4, 5, 6], [[], [], [], [], [], []], { a: [1, 2, 3, 4], b: 5 }, [[[[]]]]]) {
      expect(() => small.encode(value)).toThrow(expect.objectContaining({ code: 'P2P_NOT_ENCODABLE' }))
      expect(() => small.decode(codec.encode(value))).toThrow(refused)
    }
    expect(() => json({ depth: 0 })).toThrow(expect.objectContaining({ code: 'P2P_BAD_OPTION' }))
  })

  it('gives back any value of JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: codePoint }), value => {
        fc.pre(!JSON.stringify(value).includes('__proto__'))
        const expected: unknown = JSON.parse(JSON.stringify(value))
        expectSame(codec.decode(codec.encode(expected)), expected)
      }),
      { numRuns: 300 },
    )
  })
})
