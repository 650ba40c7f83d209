import { lengthPrefixed } from '@p2p/framing'
import type { Address } from '@p2p/interfaces'
import { connect, listen, type Pipe } from '@p2p/transport/pipe'
import { add, type Port, type Tally, type Wire } from '../pair/port.ts'

const framing = lengthPrefixed()

const portOf = (pipe: Pipe): Port => {
  let tally: Tally | undefined
  pipe.on('message', () => {
    if (tally !== undefined) add(tally, 1)
  })
  return {
    burst: async (message, count) => {
      for (let sent = 0; sent < count; sent++) if (!pipe.send(message)) await pipe.drained()
    },
    count: next => {
      tally = next
    },
  }
}

/** A pipe over TCP with framing, and a handler of messages. */
export const pipeOverTcp: Wire = {
  listen: async accept => {
    const server = await listen('tcp://127.0.0.1:0', { framing })
    server.on('pipe', pipe => accept(portOf(pipe)))
    return server.address
  },
  dial: async there => portOf(await connect(there as Address, { framing })),
}
