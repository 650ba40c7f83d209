import { frameWriter, lengthPrefixed } from '@p2p/framing'
import type { Address, Connection, FrameListener, Transport } from '@p2p/interfaces'
import { tcp } from '@p2p/transport/tcp'
import { tls } from '@p2p/transport/tls'
import { ws } from '@p2p/transport/ws'
import { certificate, key } from '../certificate.ts'
import { type TwoWayPort, type Wire } from '../pair/port.ts'

/** A connection with framing over it, put together as the READMEs say. */
export const portOf = (connection: Connection): TwoWayPort => {
  const framing = lengthPrefixed()
  const writer = frameWriter(connection, framing, { schedule: queueMicrotask })
  const decoder = framing.decoder()
  let onFrame: FrameListener = () => undefined
  connection.onData(chunk => decoder.push(chunk, onFrame))
  return {
    burst: async (message, count) => {
      for (let sent = 0; sent < count; sent++) {
        if (!writer.write(message)) await writer.drained()
      }
    },
    send: message => void writer.write(message),
    count: tally => {
      onFrame = () => {
        if (++tally.messages === tally.expected) tally.reached()
      }
    },
    each: onMessage => {
      onFrame = (bytes, start, end) => onMessage(bytes.subarray(start, end))
    },
  }
}

const over = (transport: Transport, address: Address): Wire => ({
  listen: async accept => (await transport.listen(address, connection => accept(portOf(connection)))).address,
  dial: async there => portOf(await transport.dial(there as Address)),
})

export const oursOverTcp: Wire = over(tcp(), 'tcp://127.0.0.1:0')
export const oursOverTls: Wire = over(tls({ cert: certificate, key, ca: certificate }), 'tls://127.0.0.1:0')
export const oursOverWs: Wire = over(ws(), 'ws://127.0.0.1:0/')
