import { createHash } from 'node:crypto'
import type { Connection } from '@p2p/interfaces'
import type { ConnectionPair } from '@p2p/interfaces/contracts'

/** Which way bytes go: from the dialler there, or back to it. */
export type Way = 'there' | 'back'

/** What somebody on the way makes of a chunk; `at` is where it stands in its direction's stream. */
export type Meddle = (chunk: Uint8Array, way: Way, at: number) => readonly Uint8Array[]

/** Somebody between two ends: two connections, and what is passed on between them. */
export const between = async (
  create: () => Promise<ConnectionPair>,
  meddle: Meddle = chunk => [chunk],
): Promise<
  ConnectionPair & { readonly cut: () => Promise<void>; readonly passed: Record<Way, number[]> }
> => {
  const [near, far] = [await create(), await create()]
  const passed: Record<Way, number[]> = { there: [], back: [] }
  const relay = (from: Connection, to: Connection, way: Way) => {
    let at = 0
    from.onData(chunk => {
      for (const part of meddle(chunk.slice(), way, at)) {
        passed[way].push(...part)
        to.write(part.slice())
      }
      at += chunk.length
    })
    void from.closed.then(({ error }) => (error === undefined ? to.close() : to.abort(error)))
  }
  relay(near.inbound, far.outbound, 'there')
  relay(far.outbound, near.inbound, 'back')
  return {
    outbound: near.outbound,
    inbound: far.inbound,
    passed,
    cut: async () => {
      await Promise.all([near.inbound.close(), far.outbound.close()])
    },
  }
}

/** Flips one bit at one place of one direction. */
export const flip =
  (way: Way, position: number, bit: number): Meddle =>
  (chunk, direction, at) => {
    if (direction === way && at <= position && position < at + chunk.length) {
      flipIn(chunk, position - at, bit)
    }
    return [chunk]
  }

/**
 * Changes the body of a handshake message of that kind, and its checksum with it: that has no key, so it is for Noise itself to notice. PROTOCOL.md,
 * "Frames".
 */
export const forge =
  (kind: number, change: (body: Uint8Array) => void): Meddle =>
  chunk => {
    const isFrame = [0xd5, 0x70, 0x32, 0x6e, kind].every((byte, index) => chunk[index] === byte)
    if (isFrame) {
      const end = chunk.length - 4
      change(chunk.subarray(7, end))
      chunk.set(createHash('sha256').update(chunk.subarray(0, end)).digest().subarray(0, 4), end)
    }
    return [chunk]
  }

/** Flips one bit of a byte. */
export const flipIn = (bytes: Uint8Array, position: number, bit: number): void => {
  bytes[position] = (bytes[position] ?? 0) ^ (1 << bit)
}
