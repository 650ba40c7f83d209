import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createMesh, type Mesh, plaintext } from '@p2p/mesh'
import { tcp } from '@p2p/transport/tcp'
import type { OpenTable, Table } from './table.ts'

/** Nodes that are to hold a key. */
const holders = 5

/** Everybody knows who holds a key: one is asked for it, and five are told of it. Nothing is kept up, and nothing is compared. */
const tableOf = (
  count: number,
  ask: (from: number, to: number, key: string) => Promise<string | undefined>,
  tell: (from: number, to: number, key: string, value: string) => Promise<unknown>,
): Table => {
  const first = (key: string): number => {
    let state = 0
    for (let at = 0; at < key.length; at++) state = (Math.imul(state, 31) + key.charCodeAt(at)) >>> 0
    return state % count
  }
  return {
    // Nobody asks itself: that would not be a hop
    get: (node, key) => ask(node === first(key) ? (node + 1) % count : node, first(key), key),
    put: async (node, key, value) => {
      const told = Array.from({ length: holders }, (_, step) => (first(key) + step) % count)
      const others = told.filter(each => each !== node)
      await Promise.all(others.map(each => tell(node, each, key, value)))
    },
  }
}

/** A request of a mesh, over a link that is open. */
export const openMeshLimit: OpenTable = async count => {
  const nodes: Mesh[] = []
  while (nodes.length < count) {
    const node = await createMesh({
      network: 'bench',
      transports: [tcp()],
      security: plaintext(),
      listen: ['tcp://127.0.0.1:0'],
    })
    const held = new Map<string, string>()
    node.handle('/hop/1', ({ body }) => {
      const [key, value] = body as [string, string | null]
      if (value === null) return held.get(key) ?? null
      held.set(key, value)
      return true
    })
    if (nodes[0] !== undefined) await node.connect(nodes[0].self)
    nodes.push(node)
  }
  const request = async (from: number, to: number, key: string, value: string | null): Promise<unknown> =>
    (nodes[from] as Mesh).request((nodes[to] as Mesh).self, '/hop/1', [key, value])
  return tableOf(
    count,
    async (from, to, key) => ((await request(from, to, key, null)) ?? undefined) as string | undefined,
    request,
  )
}

/** Lines of text over bare sockets, a link between any two nodes: what comes back is in the order of what was sent. */
export const openSocketLimit: OpenTable = async count => {
  const ports: number[] = []
  while (ports.length < count) {
    const held = new Map<string, string>()
    const server = createServer({ noDelay: true }, socket => {
      onLines(socket, line => {
        const at = line.indexOf(' ')
        if (at === -1) return void socket.write(`${held.get(line) ?? ''}\n`)
        held.set(line.slice(0, at), line.slice(at + 1))
        socket.write('\n')
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    ports.push((server.address() as AddressInfo).port)
  }
  const links = new Map<string, (line: string) => Promise<string>>()
  const request = (from: number, to: number, line: string): Promise<string> => {
    const name = `${from} ${to}`
    const link = links.get(name) ?? linkTo(ports[to] as number)
    links.set(name, link)
    return link(line)
  }
  return tableOf(
    count,
    async (from, to, key) => (await request(from, to, key)) || undefined,
    (from, to, key, value) => request(from, to, `${key} ${value}`),
  )
}

const onLines = (socket: Socket, take: (line: string) => void): void => {
  let begun = ''
  socket.setEncoding('latin1').on('data', (text: string) => {
    const lines = (begun + text).split('\n')
    begun = lines.pop() as string
    for (const line of lines) take(line)
  })
}

const linkTo = (port: number): ((line: string) => Promise<string>) => {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const waiting: ((line: string) => void)[] = []
  onLines(socket, line => waiting.shift()?.(line))
  return line =>
    new Promise(resolve => {
      waiting.push(resolve)
      socket.write(`${line}\n`)
    })
}
