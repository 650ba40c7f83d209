import * as framing from '@p2p/framing'
import { expect, it } from 'vitest'
import * as all from '../src/index.ts'
import * as memory from '../src/memory.ts'
import * as pipe from '../src/pipe.ts'
import * as tcp from '../src/tcp.ts'
import * as tls from '../src/tls.ts'
import * as udp from '../src/udp.ts'
import * as unix from '../src/unix.ts'
import * as wsBrowser from '../src/ws.browser.ts'
import * as ws from '../src/ws.ts'

const entries = { all, framing, memory, pipe, tcp, tls, udp, unix, ws, wsBrowser }

/** What an entry exports as limits: a number, or several by their names. */
const limits = (entry: string, exports: object): readonly (readonly [name: string, value: unknown])[] =>
  Object.entries(exports)
    .filter(([name, value]) => /limits?$/i.test(name) && typeof value !== 'function')
    .flatMap(([name, value]: [string, unknown]) =>
      typeof value === 'object' && value !== null
        ? Object.entries(value).map(
            ([limit, number]) => [`${entry}: ${name}.${limit}`, number as unknown] as const,
          )
        : [[`${entry}: ${name}`, value] as const],
    )

const exported = Object.entries(entries).flatMap(([entry, exports]) => limits(entry, exports))

it.each(exported)('%s is finite and above 0: %s', (_name, value) => {
  expect(Number.isFinite(value)).toBe(true)
  expect(value).toBeGreaterThan(0)
})

it('every entry that has limits is among them', () => {
  const entriesWithLimits = new Set(exported.map(([name]) => name.split(':')[0]))
  expect([...entriesWithLimits].sort()).toEqual([
    'all',
    'framing',
    'pipe',
    'tcp',
    'tls',
    'udp',
    'ws',
    'wsBrowser',
  ])
})

it.each([
  ['lengthPrefixed', framing.lengthPrefixed()],
  ['varint', framing.varint()],
  ['lines', framing.lines()],
  ['raw', framing.raw()],
] as const)('the longest message of %s is finite where nothing is said', (_name, { limit }) => {
  expect(limit).toBeGreaterThan(0)
  expect(limit).toBeLessThanOrEqual(framing.defaultLimit)
})
