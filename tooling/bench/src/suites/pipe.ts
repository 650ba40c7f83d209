import { createSocket, type Socket } from 'node:dgram'
import { setImmediate as pass } from 'node:timers/promises'
import { lengthPrefixed } from '@p2p/framing'
import { bind, connect, createDaemon, daemonDefaults, listen, queueLimits } from '@p2p/transport/pipe'
import { type Case, field, type Sample, type Suite, times, within } from '../case.ts'
import { filling } from '../timed.ts'
import { oneWay } from './stream.ts'

const framing = lengthPrefixed()
const datagram = new Uint8Array(64).fill(7)

/** Asks an echo and waits for its answer: so many times, with so many questions under way. Calls back with what comes. */
interface Asker {
  readonly ask: () => void
  readonly onAnswer: (listener: () => void) => void
}

const ask = async ({ ask, onAnswer }: Asker, count: number, inFlight: number): Promise<number> => {
  let answers = 0
  let asked = 0
  const begin = performance.now()
  await new Promise<void>(resolve => {
    onAnswer(() => {
      if (++answers === count) resolve()
      else if (asked < count) {
        asked++
        ask()
      }
    })
    while (asked < Math.min(count, inFlight)) {
      asked++
      ask()
    }
  })
  return performance.now() - begin
}

const datagrams = 'packets'

const echoed = async (asker: Asker): Promise<() => Promise<Sample>> => {
  // Each answer is two packets. Sixteen under way fit any buffer of a system, so none is lost.
  const many = filling(count => ask(asker, count, 16), 1_000)
  const alone: number[] = []
  return async () => {
    const { count, took } = await many()
    alone.length = 0
    for (let trip = 0; trip < 2_000; trip++) alone.push(await ask(asker, 1, 1))
    alone.sort((a, b) => a - b)
    return { [datagrams]: (2 * count * 1_000) / took, p50: (alone[1_000] ?? NaN) * 1_000 }
  }
}

const bareSocket = () =>
  new Promise<Socket>(resolve => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1', () => resolve(socket))
  })

const bare = 'limit: bare dgram'

const udp: Case = {
  name: 'UDP, 64 B, between two bound pipes of one process',
  metrics: { [datagrams]: '1/s', p50: 'µs' },
  bars: [times(datagrams, bare, 0.85), within('p50', bare, 1 / 0.85)],
  open: async () => {
    const [near, far] = [await bind('udp://127.0.0.1:0'), await bind('udp://127.0.0.1:0')]
    const [one, other] = [await bareSocket(), await bareSocket()]
    const { port } = other.address()
    let onPipe: () => void = () => undefined
    let onSocket: () => void = () => undefined
    far.on('message', message => void message.reply(message.data))
    near.on('message', () => onPipe())
    other.on('message', (data, { port, address }) => other.send(data, port, address))
    one.on('message', () => onSocket())
    const ours = await echoed({
      ask: () => void near.send(datagram, far.local),
      onAnswer: f => void (onPipe = f),
    })
    const theirs = await echoed({
      ask: () => {
        one.send(datagram, port, '127.0.0.1')
      },
      onAnswer: f => void (onSocket = f),
    })
    return field(
      [
        { subject: 'ours', measure: ours },
        { subject: bare, measure: theirs },
      ],
      {
        close: async () => {
          one.close()
          other.close()
          await Promise.all([near.close(), far.close()])
        },
      },
    )
  },
}

const subscriptions = 100

const patterns: Case = {
  name: `${subscriptions} subscriptions with regular expressions, 64 B over TCP in one process`,
  metrics: { messages: '1/s', processor: 'ns a message', held: 'of what the queues may hold' },
  bars: [
    { metric: 'messages', by: 'value', atLeast: 200_000 },
    { metric: 'held', by: 'value', atMost: 1 },
  ],
  open: async () => {
    const server = await listen('tcp://127.0.0.1:0', { framing })
    const near = await connect(server.address, { framing })
    const far = await server.accept()
    const ids = Array.from({ length: subscriptions }, (_, index) => `id${String(index).padStart(3, '0')}`)
    const queues = ids.map(id => far.subscribe(new RegExp(`^${id}`)))
    const messages = ids.map(id => Buffer.from(id.padEnd(64, '.')))
    let left = 0
    let reached: () => void = () => undefined
    far.on('message', () => {
      if (--left === 0) reached()
    })
    const turn = filling(async count => {
      const all = new Promise<void>(resolve => (reached = resolve))
      left = count
      const begin = performance.now()
      for (let sent = 0; sent < count; sent++) {
        if (!near.send(messages[sent % subscriptions] as Buffer)) await near.drained()
      }
      await all
      return performance.now() - begin
    }, 10_000)
    const measure = async () => {
      const before = process.cpuUsage()
      const { count, took } = await turn()
      const { user, system } = process.cpuUsage(before)
      const held = queues.reduce((sum, { size }) => sum + size, 0) / (subscriptions * queueLimits.limit)
      return { messages: (count * 1_000) / took, processor: ((user + system) * 1_000) / count, held }
    }
    return field([{ subject: 'ours', measure }], { close: () => Promise.all([near.close(), server.close()]) })
  },
}

const clients = 1_000

/** Everybody is sent something all the time, while those who read ask in turn. */
const crowd = async (stopped: number): Promise<Sample> => {
  const daemon = createDaemon({ idleTimeout: Infinity })
  daemon.on('message', message => void message.reply(message.data))
  const [report] = await daemon.listen('tcp://127.0.0.1:0')
  const address = report?.address ?? 'tcp://'
  const pipes = []
  for (let count = 0; count < clients; count++) pipes.push(await connect(address, { framing }))
  while (daemon.peers.size < clients) await pass()
  const readers = pipes.slice(stopped)
  const question = new Uint8Array(10)
  const news = new Uint8Array(1_024)
  const waits: number[] = []
  const onAnswer = new Map<object, () => void>()
  for (const pipe of readers) {
    pipe.on('message', ({ size }) => {
      if (size === question.length) onAnswer.get(pipe)?.()
    })
  }
  // What the system buffers for those who do not read is full first, and then their queues.
  const block = new Uint8Array(65_536)
  for (const { pipe } of [...daemon.peers].slice(0, stopped)) {
    while (daemon.sendFrame(block, pipe) === 1) await pass()
  }
  for (let round = 0; round < 20; round++) {
    for (let index = 0; index < 50; index++) {
      const pipe = readers[(round * 50 + index) % readers.length]
      if (pipe === undefined) break
      const begin = performance.now()
      const answer = new Promise<void>(resolve => onAnswer.set(pipe, resolve))
      pipe.send(question)
      await answer
      waits.push(performance.now() - begin)
    }
    daemon.send(news)
    await pass()
  }
  const queue = Math.max(...[...daemon.peers].map(({ pipe }) => pipe.queued)) / daemonDefaults.peerQueue
  for (const pipe of pipes) pipe.abort()
  await daemon.close()
  waits.sort((a, b) => a - b)
  return { p99: (waits[Math.floor(0.99 * waits.length)] ?? NaN) * 1_000, queue }
}

const allRead = 'ours, all read'

const slow: Case = {
  name: `${clients} clients of a daemon, half of which never read`,
  metrics: { p99: 'µs', queue: 'marks' },
  bars: [within('p99', allRead, 2), { metric: 'queue', by: 'value', atMost: 1 }],
  mostRuns: 5,
  open: () =>
    field([
      { subject: 'ours', measure: () => crowd(clients / 2) },
      { subject: allRead, measure: () => crowd(0) },
    ]),
}

const connection = 'connection and framing by hand'

export const pipe: Suite = {
  name: 'pipe',
  about: 'pipes and daemons beside what they are made of',
  cases: [
    udp,
    oneWay('TCP with framing, 64 B one way', 64, { ours: 'pipe', [connection]: 'tcp' }, [
      times('messages', connection, 0.8),
    ]),
    patterns,
    slow,
  ],
}
