import { lengthPrefixed, lines, varint } from '@p2p/framing'
import type { CloseInfo, Connection, Framing, Transport } from '@p2p/interfaces'
import { describe, expect, it } from 'vitest'
import { tcp } from '../src/tcp.ts'
import { unix } from '../src/unix.ts'
import { ws } from '../src/ws.ts'
import { tlsUponSockets } from './hidden-reset.ts'
import { closing, coded, overTcp, overTls, pair, secured, streams } from './pipe-fixtures.ts'

const defaults: Readonly<Record<string, () => Transport>> = { tcp, unix, ws }
const framings: readonly (readonly [string, Framing])[] = [
  ['a length', lengthPrefixed()],
  ['a varint', varint()],
  ['lines', lines()],
]
const long = 100_000

/** A frame with a payload of this length. */
const frameOf = (framing: Framing, length: number): Uint8Array => {
  const bytes = new Uint8Array(framing.frameLength(length))
  framing.encode(new Uint8Array(length).fill(0x61), bytes, 0)
  return bytes
}

/** Reads frames, and says how many were delivered, how the connection ended, and how the stream did. */
const reading = (
  connection: Connection,
  framing: Framing,
): {
  readonly lengths: number[]
  readonly held: Promise<void>
  readonly end: Promise<CloseInfo>
  cutOff: () => unknown
} => {
  const decoder = framing.decoder()
  const lengths: number[] = []
  const held = new Promise<void>(resolve => {
    connection.onData(chunk => {
      decoder.push(chunk, (_bytes, start, end) => void lengths.push(end - start))
      if (decoder.buffered > 0) resolve()
    })
  })
  const cutOff = (): unknown => {
    try {
      decoder.end()
      return undefined
    } catch (error) {
      return error
    }
  }
  return { lengths, held, end: connection.closed, cutOff }
}

const upon = {
  ...overTls,
  name: 'TLS upon a socket that was dialled',
  transports: () => [tlsUponSockets(secured)],
}

describe.each([...streams, upon])(
  'a connection over $name that is reset within a frame',
  ({ anywhere, transports }) => {
    it.each(framings)(
      'framed by %s, ends with its error, and nothing of the frame is delivered',
      async (_name, framing) => {
        const scheme = anywhere.slice(0, anywhere.indexOf(':'))
        const transport = (transports()[0] ?? defaults[scheme]?.()) as Transport
        const accepted: ((connection: Connection) => void)[] = []
        const inbound = new Promise<Connection>(resolve => accepted.push(resolve))
        const listener = closing(await transport.listen(anywhere, connection => accepted[0]?.(connection)))
        const sender = closing(await transport.dial(listener.address))
        const receiver = closing(await inbound)
        const { lengths, held, end, cutOff } = reading(receiver, framing)

        sender.write(frameOf(framing, 5))
        sender.write(frameOf(framing, long).subarray(0, long / 2))
        await held
        sender.abort()

        const { by, error } = await end
        expect(by).toBe('remote')
        expect(error).toEqual(coded('P2P_CONNECTION_RESET'))
        expect(lengths).toEqual([5])
        expect(cutOff()).toEqual(coded('P2P_FRAME_CUT_OFF'))
      },
    )

    it('is a pipe that ends with its error, after the messages before it', async () => {
      const framing = lengthPrefixed()
      const { near, far } = await pair({ name: overTcp.name, anywhere, transports }, { framing })
      near.send(new Uint8Array(5))
      expect((await far.recv()).size).toBe(5)
      near.send(new Uint8Array(8 * 2 ** 20))
      near.abort()
      await expect(far.recv()).rejects.toEqual(coded('P2P_PIPE_CLOSED'))
      expect((await far.closed).error).toEqual(coded('P2P_CONNECTION_RESET'))
    })
  },
)
