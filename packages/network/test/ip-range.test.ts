import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalIp, IpRange, parseEndpoint, formatEndpoint, scopeOf, toEndpoint } from '../src/index.ts'

const address4 = fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 255 })))
const text4 = address4.map(bytes => bytes.join('.'))
const number4 = (text: string) => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)

describe('a range', () => {
  it('has the addresses that arithmetic says', () => {
    fc.assert(
      fc.property(text4, fc.integer({ min: 0, max: 32 }), text4, (text, prefix, other) => {
        const size = 2 ** (32 - prefix)
        const first = Math.floor(number4(text) / size) * size
        const range = IpRange.parse(`${text}/${prefix}`)
        expect(range.size).toBe(BigInt(size))
        expect(number4(range.first)).toBe(first)
        expect(number4(range.last)).toBe(first + size - 1)
        expect(range.contains(other)).toBe(number4(other) >= first && number4(other) < first + size)
        expect(range.at(-1)).toBe(range.last)
        expect(range.at(size)).toBeUndefined()
        expect(IpRange.parse(range.toString()).equals(range)).toBe(true)
      }),
    )
  })

  it('takes a netmask', () => {
    expect(IpRange.parse('10.1.2.3/255.255.0.0').toString()).toBe('10.1.0.0/16')
  })

  it('distinguishes overlapping, containing and being equal', () => {
    const [all, low, one] = ['2001:db8::/32', '2001:db8::/48', '2001:db8::7'].map(text =>
      IpRange.parse(text),
    ) as [IpRange, IpRange, IpRange]
    expect([all.overlaps(low), all.contains(low), low.contains(all), all.equals(low)]).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(one.size).toBe(1n)
    expect([...IpRange.parse('10.0.0.0/30')]).toEqual(['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3'])
    expect(all.size).toBe(2n ** 96n)
    expect(IpRange.parse('0.0.0.0/0').overlaps(all)).toBe(false)
  })

  it.each([
    '',
    '10.0.0.0/33',
    '::/129',
    '1.2.3/8',
    '010.0.0.1',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '::/255.0.0.0',
    'a',
  ])('refuses %j', text =>
    expect(() => IpRange.parse(text)).toThrow(expect.objectContaining({ code: 'P2P_BAD_ADDRESS' })),
  )
})

describe('an address', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['10.0.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.0', 'public'],
    ['100.64.0.1', 'shared'],
    ['169.254.1.1', 'link-local'],
    ['127.9.9.9', 'loopback'],
    ['224.0.0.1', 'multicast'],
    ['203.0.113.9', 'documentation'],
    ['2001:db8::1', 'documentation'],
    ['198.18.0.1', 'reserved'],
    ['240.0.0.1', 'reserved'],
    ['fe80::1', 'link-local'],
    ['fd12::1', 'unique-local'],
    ['2606:4700::1', 'public'],
    ['::1', 'loopback'],
    ['::', 'unspecified'],
    ['::ffff:192.168.1.1', 'private'],
  ])('%s is %s', (address, scope) => expect(scopeOf(address)).toBe(scope))

  it('has one canonical form (RFC 5952, section 4)', () => {
    expect(canonicalIp('2001:0DB8:0:0:1:0:0:1')).toBe('2001:db8::1:0:0:1')
    expect(canonicalIp('2001:db8:0:1:1:1:1:1')).toBe('2001:db8:0:1:1:1:1:1')
  })
})

describe('an endpoint', () => {
  it.each(['10.0.0.1:80', '[2001:db8::1]:0', '[fe80::1%eth0]:65535'])('%s survives being taken apart', text =>
    expect(formatEndpoint(parseEndpoint(text))).toBe(text),
  )

  it('keeps a scope only where it means something', () => {
    expect(toEndpoint('fe80::1', 9, 'eth0')).toEqual({
      address: 'fe80::1',
      family: 6,
      port: 9,
      scope: 'eth0',
    })
    expect(toEndpoint('10.0.0.1', 9, 'eth0')).toEqual({ address: '10.0.0.1', family: 4, port: 9 })
  })

  it.each(['10.0.0.1', '10.0.0.1:65536', '[10.0.0.1]:1', '::1:80', '[::1]:080', 'localhost:80', ''])(
    'refuses %j',
    text => expect(() => parseEndpoint(text)).toThrow(expect.objectContaining({ code: 'P2P_BAD_ADDRESS' })),
  )
})
