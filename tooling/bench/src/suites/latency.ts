import { type Case, field, type Suite, times, within } from '../case.ts'
import { Pair } from '../pair/pair.ts'
import { present } from '../peers.ts'

const bare = 'limit: bare socket.write echo'

/** Across cores a round trip measures how long it takes to wake a core, so both ends are on one. */
const oneInFlight: Case = {
  name: 'one request of 64 B in flight, on one core',
  metrics: { p50: 'µs', p99: 'µs' },
  bars: [within('p50', bare, 1.15), within('p99', bare, 2)],
  open: async () => {
    const pair = new Pair({ pinned: true })
    const options = { count: 10_000, inFlight: 1 }
    const only = (wire: 'tcp' | 'socket.write' | 'ws package') => async () => {
      const run = await pair.roundTrips(wire, 64, options)
      return async () => {
        const { p50, p99 } = await run()
        return { p50, p99 }
      }
    }
    const { contenders, absent } = await present({
      ours: only('tcp'),
      [bare]: only('socket.write'),
      ws: only('ws package'),
    })
    return field(contenders, { absent, close: () => pair.close() })
  },
}

const manyInFlight: Case = {
  name: '64 requests of 64 B in flight',
  metrics: { requests: '1/s' },
  bars: [times('requests', 'ws', 4)],
  open: async () => {
    const pair = new Pair()
    const only = (wire: 'tcp' | 'ws package', count: number) => async () => {
      const run = await pair.roundTrips(wire, 64, { count, inFlight: 64 })
      return async () => ({ requests: (await run()).perSecond })
    }
    const { contenders, absent } = await present({
      ours: only('tcp', 100_000),
      ws: only('ws package', 20_000),
    })
    return field(contenders, { absent, close: () => pair.close() })
  },
}

export const latency: Suite = {
  name: 'latency',
  about: 'requests and their answers over TCP, between two processes',
  cases: [oneInFlight, manyInFlight],
}
