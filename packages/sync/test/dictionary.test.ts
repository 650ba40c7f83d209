import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Sync, type Value, createSync } from '../src/index.ts'
import { World } from './world.ts'

const code = (expected: string): unknown => expect.objectContaining({ code: expected })

describe.each([
  ['with leases', {}],
  ['without leases', { leasing: false }],
] as const)('a dictionary %s', (_, leasing) => {
  let world: World
  let sync: Sync
  beforeEach(() => {
    world = new World()
    sync = world
      .join('ann')
      .sync({ ...leasing, limits: { keyLength: 16, valueSize: 200, entries: 5, bytes: 1000 } })
  })
  afterEach(() => world.close())

  it('reads back what was set, at once', () => {
    sync
      .set('text', 'hé')
      .set('number', 1.5)
      .set('map', { list: [null, true] })
    expect(sync.get('text')).toBe('hé')
    expect(sync.require('number')).toBe(1.5)
    expect(sync.get('map')).toEqual({ list: [null, true] })
    expect(sync.has('map')).toBe(true)
    expect(sync.size).toBe(3)
  })

  it('gives the fallback for an absent key, or throws where a value is required', () => {
    expect(sync.get('absent')).toBeUndefined()
    expect(sync.get('absent', 7)).toBe(7)
    expect(sync.has('absent')).toBe(false)
    expect(() => sync.require('absent')).toThrow(code('P2P_KEY_ABSENT'))
    sync.set('absent', null)
    expect(sync.get('absent', 7)).toBeNull()
  })

  it('knows a key by its UTF-8, as text or as bytes', () => {
    const utf8 = new TextEncoder()
    sync.set('测试', 1)
    expect(sync.get(utf8.encode('测试'))).toBe(1)
    sync.set(utf8.encode('测试'), 2)
    sync.set(utf8.encode('\ufeffbom'), 3)
    expect([...sync]).toEqual([
      ['测试', 2],
      ['\ufeffbom', 3],
    ])
    expect(sync.get('bom')).toBeUndefined()
  })

  it('keeps keys that are no text, apart from all text', () => {
    const bytes = new Uint8Array([0xff, 0x41])
    sync.set(bytes, 1)
    bytes[0] = 0
    expect(sync.get(new Uint8Array([0xff, 0x41]))).toBe(1)
    expect(sync.get('\ud800ÿA')).toBeUndefined()
    const [key] = [...sync.keys()]
    expect(key).toEqual(new Uint8Array([0xff, 0x41]))
    ;(key as Uint8Array)[0] = 0
    expect([...sync.keys()]).toEqual([new Uint8Array([0xff, 0x41])])
  })

  it.each<[string, unknown, unknown]>([
    ['a key with a lone surrogate', '\ud800', 1],
    ['a key that is a number', 1, 1],
    ['a value that is undefined', 'k', undefined],
    ['a value with a function in it', 'k', { f: () => 1 }],
    ['a value with a lone surrogate', 'k', ['\udc00']],
  ])('refuses %s with a TypeError', (_name, key, value) => {
    expect(() => sync.set(key as string, value as Value)).toThrow(TypeError)
    expect(sync.size).toBe(0)
  })

  it('hands out nothing by which it could be changed', () => {
    const input = { list: [1], bytes: new Uint8Array([1]) }
    sync.set('plain', { list: [1] }).set('bytes', input)
    input.list.push(2)
    input.bytes[0] = 9
    expect(() => (sync.get('plain') as { list: number[] }).list.push(2)).toThrow(TypeError)
    ;(sync.get('bytes') as typeof input).bytes[0] = 9
    ;([...sync.values()][1] as typeof input).bytes[0] = 9
    expect(sync.copy()).toEqual(
      new Map<string, unknown>([
        ['plain', { list: [1] }],
        ['bytes', { list: [1], bytes: new Uint8Array([1]) }],
      ]),
    )
  })

  it('iterates over what has a value, in the order in which the keys came', () => {
    sync.set('b', 1).set('a', 2).set('c', 3).set('b', 4)
    sync.delete('a')
    expect([...sync.keys()]).toEqual(['b', 'c'])
    expect([...sync.values()]).toEqual([4, 3])
    expect([...sync.entries()]).toEqual([...sync])
    const seen: unknown[] = []
    sync.forEach((value, key, self) => seen.push([key, value, self === sync]))
    expect(seen).toEqual([
      ['b', 4, true],
      ['c', 3, true],
    ])
  })

  it('can be written to while it is iterated over', () => {
    sync.set('a', 1).set('b', 2).set('c', 3)
    const seen: unknown[] = []
    for (const [key] of sync) {
      seen.push(key)
      sync.delete('b')
      sync.set('a', 4)
    }
    expect(seen).toEqual(['a', 'c'])
  })

  it('deletes, and says whether there was anything', () => {
    sync.set('k', 1)
    expect(sync.delete('k')).toBe(true)
    expect(sync.delete('k')).toBe(false)
    expect(sync.delete('absent')).toBe(false)
    expect(sync.has('k')).toBe(false)
    expect(sync.stats()).toMatchObject({ entries: 0, tombstones: 1 })
    expect(sync.set('k', 2).get('k')).toBe(2)
    expect(sync.stats()).toMatchObject({ entries: 1, tombstones: 0 })
  })

  it('pops a key, any key, or says that there is none', () => {
    sync.set('a', 1).set('b', 2)
    expect(sync.pop('a')).toBe(1)
    expect(sync.pop('a', 'gone')).toBe('gone')
    expect(() => sync.pop('a')).toThrow(code('P2P_KEY_ABSENT'))
    expect(sync.pop('a', undefined)).toBeUndefined()
    expect(sync.popitem()).toEqual(['b', 2])
    expect(() => sync.popitem()).toThrow(code('P2P_KEY_ABSENT'))
  })

  it('updates from pairs, a Map or an object, all or nothing', () => {
    sync.update([['a', 1]])
    sync.update(new Map([['b', 2]]))
    sync.update({ c: 3 })
    expect(sync.copy()).toEqual(new Map([['a', 1], ['b', 2], ['c', 3]])) // prettier-ignore
    expect(() => sync.update({ a: 9, b: undefined as never })).toThrow(TypeError)
    expect(() => sync.update({ a: 9, d: 4, e: 5, f: 6 })).toThrow(code('P2P_REPLICA_FULL'))
    expect(sync.copy()).toEqual(new Map([['a', 1], ['b', 2], ['c', 3]])) // prettier-ignore
  })

  it('keeps to its limits', () => {
    sync.set('1234567890123456', 1)
    expect(() => sync.set('12345678901234567', 1)).toThrow(code('P2P_KEY_TOO_LONG'))
    expect(() => sync.set('12345678901234é6', 1)).toThrow(code('P2P_KEY_TOO_LONG'))
    expect(() => sync.set(new Uint8Array(17), 1)).toThrow(code('P2P_KEY_TOO_LONG'))
    expect(() => sync.set('k', 'x'.repeat(200))).toThrow(code('P2P_VALUE_TOO_LARGE'))
    for (const key of 'abcd') sync.set(key, 'x'.repeat(150))
    expect(() => sync.set('e', 1)).toThrow(code('P2P_REPLICA_FULL'))
    expect(() => sync.set('a', 'x'.repeat(195)).set('b', 'x'.repeat(195))).toThrow(code('P2P_REPLICA_FULL'))
    expect(sync.set('d', 2).get('d')).toBe(2)
    expect(sync.stats().bytes).toBeLessThanOrEqual(1000)
  })

  it('tells of its own writes, with who and when', async () => {
    const told: unknown[] = []
    sync.on('update', (key, value, { owner, own, timestamp }) =>
      told.push([key, value, owner, own, timestamp]),
    )
    sync.on('delete', (key, { owner }) => told.push([key, owner]))
    await world.pass(1234)
    sync.set('k', 1)
    sync.delete('k')
    sync.delete('k')
    expect(told).toEqual([
      ['k', 1, 'ann', true, Date.UTC(2026, 0, 15, 9, 30, 1, 234)],
      ['k', 'ann'],
    ])
  })

  it('tells a listener that writes of its own write after the one that it hears of', () => {
    const told: unknown[] = []
    sync.on('update', key => {
      if (key === 'a') sync.set('b', 2)
    })
    sync.on('update', key => told.push(key))
    sync.set('a', 1)
    expect(told).toEqual(['a', 'b'])
  })

  it('is not harmed by a listener that throws, and neither are the other listeners', () => {
    const told: unknown[] = []
    const bad = () => {
      throw new Error('mine')
    }
    sync
      .on('update', bad)
      .on('update', key => told.push(key))
      .once('error', error => told.push(error.code, error.cause))
    sync.set('k', 1)
    expect(told).toEqual(['P2P_HANDLER_FAILED', expect.objectContaining({ message: 'mine' }), 'k'])
    sync.off('update', bad)
    sync.set('k', 2)
    expect(sync.errors).toHaveLength(1)
  })

  it('stops writing, not reading, when it is closed', async () => {
    sync.set('k', 1)
    await sync.close()
    expect(sync.get('k')).toBe(1)
    for (const write of [
      () => sync.set('k', 2),
      () => sync.delete('k'),
      () => sync.update([]),
      () => sync.applyDelta('k', {}),
      () => sync.release('k'),
    ]) {
      expect(write).toThrow(code('P2P_CLOSED'))
    }
    await expect(sync.ready()).rejects.toThrow(code('P2P_CLOSED'))
  })
})

describe('the options of a dictionary', () => {
  it.each<[string, object]>([
    ['an empty name', { name: '' }],
    ['a long name', { name: 'x'.repeat(65) }],
    ['a lease of no time', { leasing: { duration: 0 } }],
    ['a lease that is no number', { leasing: { duration: NaN } }],
    ['a tombstone life of less than twice the skew', { tombstoneLife: 2 * 86_400_000 - 1 }],
    ['a limit of nothing', { limits: { entries: 0 } }],
    ['an interval of nothing', { compareInterval: 0 }],
  ])('are refused with a code: %s', (_, options) => {
    const node = new World().join('ann')
    expect(() => createSync(node, options)).toThrow(code('P2P_BAD_OPTION'))
    expect(node.handlers).toBe(0)
  })
})
