import type { Address } from '@p2p/interfaces'
import { P2PError } from '@p2p/interfaces'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatTcpAddress, parseTcpAddress } from '../src/tcp.ts'

describe('addresses of TCP', () => {
  it.each([
    ['tcp://127.0.0.1:4444', '127.0.0.1', 4444],
    ['tcp://0.0.0.0:0', '0.0.0.0', 0],
    ['tcp://[::1]:9', '::1', 9],
    ['tcp://[::]:65535', '::', 65_535],
    ['tcp://[fe80::1%eth0]:9', 'fe80::1%eth0', 9],
    ['tcp://[fec0::1]:9', 'fec0::1', 9],
    ['tcp://[::ffff:10.0.0.1]:1', '::ffff:10.0.0.1', 1],
    ['tcp://host.name:80', 'host.name', 80],
    ['tcp://localhost:80', 'localhost', 80],
    ['tcp://example.org.:443', 'example.org.', 443],
    ['tcp://xn--kse-qla.example:1', 'xn--kse-qla.example', 1],
    ['tcp://_service.local:1', '_service.local', 1],
    ['tcp://7-up.2b:1', '7-up.2b', 1],
  ] as const)('%s is %s and %i, and back', (address, host, port) => {
    expect(parseTcpAddress(address)).toEqual({ host, port })
    expect(formatTcpAddress({ host, port })).toBe(address)
  })

  it.each([
    'tcp:127.0.0.1:1',
    'TCP://127.0.0.1:1',
    ' tcp://127.0.0.1:1',
    'tcp://127.0.0.1:1\n',
    'udp://127.0.0.1:1',
    'tcp://',
    'tcp://:80',
    'tcp://127.0.0.1',
    'tcp://127.0.0.1:',
    'tcp://127.0.0.1:-1',
    'tcp://127.0.0.1:080',
    'tcp://127.0.0.1:8 0',
    'tcp://127.0.0.1:65536',
    'tcp://127.0.0.1:100000',
    'tcp://127.0.0.1:80/',
    'tcp://127.0.0.1:80/path',
    'tcp://127.0.0.1:80?query',
    'tcp://user@127.0.0.1:80',
    'tcp://127.1:80',
    'tcp://256.0.0.1:80',
    'tcp://01.2.3.4:80',
    'tcp://1.2.3.4.5:80',
    'tcp://example.1:80',
    'tcp://::1:80',
    'tcp://[::1]',
    'tcp://[::1:80',
    'tcp://[::g]:80',
    'tcp://[::1%]:80',
    'tcp://[fe80::1]:80',
    'tcp://[FEBF::1]:80',
    'tcp://[127.0.0.1]:80',
    'tcp://[host]:80',
    'tcp://fe80::1%eth0:80',
    'tcp://käse.example:80',
    'tcp://-host:80',
    'tcp://host-:80',
    'tcp://a..b:80',
    'tcp://.:80',
    'tcp://*:80',
    `tcp://${'a'.repeat(64)}:80`,
    `tcp://${'a.'.repeat(127)}:80`,
  ])('%j is refused', address => {
    expect(() => parseTcpAddress(address as Address)).toThrow(
      expect.objectContaining({ code: 'P2P_BAD_ADDRESS' }),
    )
  })

  it('formatting and parsing again gives the same endpoint', () => {
    const name = fc.stringMatching(/^[a-z][a-z\d-]{0,20}[a-z]$/).map(label => `${label}.example`)
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6().filter(ip => !/^fe[89ab]/i.test(ip)),
      name,
    )
    fc.assert(
      fc.property(host, fc.integer({ min: 0, max: 65_535 }), (host, port) => {
        expect(parseTcpAddress(formatTcpAddress({ host, port }))).toEqual({ host, port })
      }),
    )
  })

  it('whatever it is given, it answers with an endpoint that means the same address, or with P2P_BAD_ADDRESS', () => {
    const almost = fc.array(
      fc.oneof(
        fc.constantFrom('tcp://', ':', '[', ']', '::1', '127.0.0.1', '80', '%', '.', '0'),
        fc.string(),
      ),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(
        fc.oneof(
          almost.map(parts => parts.join('')),
          almost.map(parts => `tcp://${parts.join('')}:1`),
        ),
        text => {
          try {
            expect(formatTcpAddress(parseTcpAddress(text as Address))).toBe(text)
          } catch (error) {
            if (!P2PError.is(error, 'P2P_BAD_ADDRESS')) throw error
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
