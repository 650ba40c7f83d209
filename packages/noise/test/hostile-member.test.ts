import { systemClock } from '@p2p/interfaces/system'
import { describe, expect, it } from 'vitest'
import { CipherState } from '../src/core/cipher-state.ts'
import { RecordSealer } from '../src/core/record-cipher.ts'
import { SecureConnection } from '../src/secure-connection.ts'
import { identity, memoryPair } from './pairs.ts'
import { builds } from './primitives.ts'

const malformed: unknown = expect.objectContaining({ code: 'P2P_MALFORMED' })
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe.each(builds)('who has proved its id and has the keys, against %s,', (_name, primitives) => {
  const cipher = (fill: number) => new CipherState(primitives, new Uint8Array(32).fill(fill))

  /** Our end of an established session, and what the other end makes of its keys. */
  const session = async (role: 'dialler' | 'listener') => {
    const { outbound, inbound } = await memoryPair()
    const [below, stranger] = role === 'dialler' ? [outbound, inbound] : [inbound, outbound]
    const ours = new SecureConnection({
      below,
      peer: { ...identity(2), hello: new Uint8Array(0) },
      keys: { send: cipher(1), receive: cipher(2) },
      primitives,
      clock: systemClock,
      rest: new Uint8Array(0),
      role,
    })
    const sealer = new RecordSealer(cipher(2))
    const record = (content: string) => {
      const bytes = new TextEncoder().encode(content)
      const target = new Uint8Array(bytes.length + 18)
      sealer.seal(target, bytes)
      return target
    }
    const delivered: string[] = []
    const listen = () => ours.onData(chunk => delivered.push(new TextDecoder().decode(chunk)))
    return { ours, stranger, record, delivered, listen }
  }

  it.each([
    ['data', ['one', '', 'two']],
    ['another end', ['one', '', '']],
  ])('cannot send %s behind its end', async (_what, contents) => {
    const { ours, stranger, record, delivered, listen } = await session('listener')
    listen()
    stranger.onData(() => undefined)
    stranger.write(new Uint8Array(Buffer.concat(contents.map(record))))
    expect((await ours.closed).error).toEqual(malformed)
    expect(delivered).toEqual(['one'])
    stranger.abort()
  })

  it('cannot send data behind its end while we still send ours', async () => {
    const { ours, stranger, record, delivered, listen } = await session('listener')
    listen()
    // It reads nothing, so our end waits behind this
    for (let count = 0; count < 8; count++) ours.write(new Uint8Array(65_536))
    for (const content of ['one', '', 'two']) {
      stranger.write(record(content))
      await turn()
    }
    expect((await ours.closed).error).toEqual(malformed)
    expect(delivered).toEqual(['one'])
    stranger.abort()
  })

  it('cannot accept a dialler with anything but an empty record', async () => {
    const { ours, stranger, record, delivered, listen } = await session('dialler')
    listen()
    stranger.onData(() => undefined)
    const confirmed = expect(ours.confirmed()).rejects.toEqual(malformed)
    stranger.write(record('one'))
    await confirmed
    expect((await ours.closed).error).toEqual(malformed)
    expect(delivered).toEqual([])
    stranger.abort()
  })
})
