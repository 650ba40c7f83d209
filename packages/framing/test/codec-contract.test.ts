import { runContract } from '@p2p/contracts'
import { codecContract } from '@p2p/interfaces/contracts'

import { bytes as bytesCodec, json, msgpack, text } from '../src/index.ts'
import { bytes, unhex } from './streams.ts'

class Point {
  x = 1
}

const cyclic: Record<string, unknown> = {}
cyclic['list'] = [cyclic]

const plain: unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 53,
  -(2 ** 40),
  '',
  'text',
  'Zażółć 日本語 \u{1f600} \ufeff\0',
  'long '.repeat(100),
  [],
  {},
  [1, [2, [3, []]], {}],
  {
    a: 1,
    b: { c: [null, { '': 'empty name' }] },
    Zażółć: 1,
    toString: 2,
    constructor: 3,
    hasOwnProperty: 4,
    toJSON: 5,
  },
]

const neverPlain: unknown[] = [
  undefined,
  () => 1,
  Symbol('s'),
  new Point(),
  new Date(0),
  new Map(),
  new Set(),
  /r/,
  new Error('e'),
  new Uint16Array(2),
  new ArrayBuffer(2),
  new String('boxed'),
  Promise.resolve(),
  '\ud800',
  'a\udc00',
  { '\ud800': 1 },
  { a: undefined },
  [undefined],
  [1, , 2],
  { a: [{ b: new Point() }] },
  JSON.parse('{"__proto__": 1}'),
  JSON.parse('[{"a": {"__proto__": {}}}]'),
  cyclic,
]

runContract(
  'msgpack',
  codecContract(() => msgpack(), {
    values: [
      ...plain,
      -0,
      NaN,
      Infinity,
      -Infinity,
      Number.MIN_VALUE,
      0n,
      5n,
      -5n,
      2n ** 63n,
      2n ** 64n - 1n,
      -(2n ** 63n),
      new Uint8Array(0),
      unhex('00ff7f80'),
      new Uint8Array(300).fill(7),
      { bytes: new Uint8Array(70_000).fill(1) },
    ],
    unencodable: [...neverPlain, 2n ** 64n, -(2n ** 63n) - 1n],
    undecodable: [bytes('')],
  }),
)

runContract(
  'json',
  codecContract(() => json(), {
    values: plain,
    unencodable: [...neverPlain, NaN, Infinity, 1n, new Uint8Array(1), { a: [new Uint8Array(1)] }],
    undecodable: [bytes('')],
  }),
)

runContract(
  'text',
  codecContract(() => text(), {
    values: ['', 'text', 'Zażółć 日本語 \u{1f600}', '\ufeffmarked', 'long '.repeat(100)],
    unencodable: ['\ud800', 'a\udfff', 1, undefined, null, {}, new Uint8Array(1)],
    undecodable: ['ff', 'c3', 'c328', 'c080', 'eda080', 'f4908080', `${'61'.repeat(40)}ff`].map(unhex),
  }),
)

runContract(
  'bytes',
  codecContract(() => bytesCodec(), {
    values: [new Uint8Array(0), unhex('00ff80'), new Uint8Array(1000).fill(3)],
    unencodable: ['text', 1, undefined, null, [1], new Uint16Array(1), new ArrayBuffer(1)],
  }),
)
