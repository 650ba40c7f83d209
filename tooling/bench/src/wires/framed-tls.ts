import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { type ByteSink, frameWriter, lengthPrefixed } from '@p2p/framing'
import { certificate, key } from '../certificate.ts'
import type { Port, Wire } from '../pair/port.ts'

const host = '127.0.0.1'

/** As long as the longest slab of a writer. */
const readLength = 256 * 2 ** 10

const sinkOf = (socket: TLSSocket): ByteSink => ({
  write: (chunk, release) => socket.write(chunk, release),
  drained: async () => {
    if (socket.writableNeedDrain) await once(socket, 'drain')
  },
})

/** Who counts reads by `onread`, into one buffer; who sends writes the slabs as they are. */
const portOf = (socket: TLSSocket, received: Received): Port => {
  const writer = frameWriter(sinkOf(socket), lengthPrefixed(), { schedule: queueMicrotask })
  return {
    burst: async (message, count) => {
      for (let sent = 0; sent < count; sent++) {
        if (!writer.write(message)) await writer.drained()
      }
    },
    count: tally => {
      const decoder = lengthPrefixed().decoder()
      received.listener = chunk =>
        decoder.push(chunk, () => {
          if (++tally.messages === tally.expected) tally.reached()
        })
    },
  }
}

interface Received {
  listener: ((chunk: Uint8Array) => void) | undefined
}

/** Our framing over bare TLS 1.3: the same slabs as over noise, and nothing else of ours. */
export const framedTls: Wire = {
  listen: accept =>
    new Promise(resolve => {
      const server = createServer({ cert: certificate, key, noDelay: true }, socket =>
        accept(portOf(socket, { listener: undefined })),
      )
      server.listen(0, host, () => resolve(String((server.address() as AddressInfo).port)))
    }),
  dial: address =>
    new Promise((resolve, reject) => {
      const received: Received = { listener: undefined }
      const onread = {
        buffer: new Uint8Array(readLength),
        callback: (length: number, bytes: Uint8Array) => {
          received.listener?.(bytes.subarray(0, length))
          return true
        },
      }
      const socket = connect({ host, port: Number(address), ca: certificate, ...({ onread } as object) })
      socket.once('error', reject)
      socket.once('secureConnect', () => resolve(portOf(socket, received)))
    }),
}
