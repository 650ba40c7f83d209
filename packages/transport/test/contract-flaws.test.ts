import type { Clock, Connection, Transport } from '@p2p/interfaces'
import { type ContractCase, transportContract } from '@p2p/interfaces/contracts'
import { describe, expect, it } from 'vitest'
import { createMemoryNetwork } from '../src/memory.ts'
import { turn } from './virtual-clock.ts'

// The suite is worth what it notices. Each of these breaks one promise of a transport that keeps them all.

/** The same object with some members changed. */
const changed = <T extends object>(original: T, change: Partial<T>): T =>
  new Proxy(original, {
    get: (target, key) => {
      const value: unknown = Reflect.get(
        key in change ? change : target,
        key,
        key in change ? change : target,
      )
      return typeof value === 'function'
        ? (value as () => unknown).bind(key in change ? change : target)
        : value
    },
  })

const consumers = new Map<string, (chunk: Uint8Array) => void>()

const connectionFlaws: Record<string, (inner: Connection) => Partial<Connection>> = {
  'has the wrong direction': inner => ({ direction: inner.direction === 'inbound' ? 'outbound' : 'inbound' }),
  'gives its own address as the other end': inner => ({ remote: inner.local }),
  'loses the last byte of a chunk': inner => ({
    write: (chunk, release) => inner.write(chunk.subarray(0, -1), release),
  }),
  'loses chunks': inner => {
    let count = 0
    return {
      write: (chunk, release) => {
        if (++count % 10 > 0) return inner.write(chunk, release)
        release?.()
        return true
      },
    }
  },
  'sends chunks twice': inner => ({
    write: (chunk, release) => {
      inner.write(chunk, release)
      return inner.write(chunk)
    },
  }),
  'turns chunks round': inner => {
    let held: Uint8Array | undefined
    return {
      write: (chunk, release) => {
        if (held === undefined) {
          held = chunk.slice()
          release?.()
          return true
        }
        inner.write(chunk, release)
        const last = inner.write(held)
        held = undefined
        return last
      },
    }
  },
  'delivers within write': inner => {
    const link = inner.direction === 'inbound' ? inner.remote : inner.local
    const other = inner.direction === 'inbound' ? 'outbound' : 'inbound'
    return {
      onData: listener => {
        consumers.set(`${link} ${inner.direction}`, listener)
        inner.onData(() => undefined)
      },
      write: (chunk, release) => {
        consumers.get(`${link} ${other}`)?.(chunk)
        return inner.write(chunk, release)
      },
    }
  },
  'never tells a writer to wait': inner => ({
    write: (chunk, release) => {
      inner.write(chunk, release)
      return true
    },
  }),
  'tells a writer to wait for ever': inner => ({
    write: (chunk, release) => {
      inner.write(chunk, release)
      return false
    },
  }),
  'never calls release': inner => ({ write: chunk => inner.write(chunk) }),
  'calls release twice': inner => ({
    write: (chunk, release) =>
      inner.write(chunk, () => {
        release?.()
        release?.()
      }),
  }),
  'calls release while it still needs the chunk': inner => ({
    write: (chunk, release) => {
      release?.()
      return inner.write(chunk)
    },
  }),
  'keeps chunks that are written too late': inner => {
    let ended = false
    void inner.closed.then(() => (ended = true))
    return { write: (chunk, release) => (ended ? false : inner.write(chunk, release)) }
  },
  'writes happily after its end': inner => ({
    write: (chunk, release) => {
      inner.write(chunk, release)
      return inner.queued < 262_144
    },
  }),
  'has nothing queued': () => ({ queued: 0 }),
  'has always something queued': () => ({ queued: 1 }),
  'says that it is drained when it is not': () => ({ drained: () => Promise.resolve() }),
  'cannot be interrupted in drained': inner => ({ drained: () => inner.drained() }),
  'leaves those who wait for drained alone': inner => ({
    drained: options => inner.drained(options).catch(() => new Promise<never>(() => undefined)),
  }),
  'reads before there is a consumer': inner => {
    inner.onData(() => undefined)
    return {}
  },
  'keeps the first consumer': inner => {
    let given = false
    return {
      onData: listener => {
        if (!given) inner.onData(listener)
        given = true
      },
    }
  },
  'swallows what a consumer throws': inner => ({
    onData: listener =>
      inner.onData(chunk => {
        try {
          listener(chunk)
        } catch {
          // swallowed
        }
      }),
  }),
  'does not pause': () => ({ pause: () => undefined }),
  'pauses a little later': inner => ({ pause: () => void Promise.resolve().then(() => inner.pause()) }),
  'does not resume': () => ({ resume: () => undefined }),
  'drops the rest when it closes': inner => ({
    close: async () => {
      inner.abort()
      await inner.closed
    },
  }),
  'says that it is closed too early': inner => ({
    close: async options => {
      void inner.close(options)
    },
  }),
  'cannot be interrupted in close': inner => ({ close: () => inner.close({ timeout: Infinity }) }),
  'rejects a second close': inner => {
    let closed = false
    return {
      close: options => {
        if (closed) return Promise.reject(new Error('closed already'))
        closed = true
        return inner.close(options)
      },
    }
  },
  'does not end with its scope': () => ({ [Symbol.asyncDispose]: () => Promise.resolve() }),
  'ends in order when it is aborted': inner => ({ abort: () => void inner.close() }),
  'forgets the reason of an abort': inner => ({ abort: () => inner.abort() }),
  'always says that the other end did it': inner => ({
    closed: inner.closed.then(info => ({ ...info, by: 'remote' as const })),
  }),
  'always says that it did it': inner => ({
    closed: inner.closed.then(info => ({ ...info, by: 'local' as const })),
  }),
  'ends without a word': inner => ({ closed: inner.closed.then(({ by }) => ({ by })) }),
  'sees errors everywhere': inner => ({
    closed: inner.closed.then(({ by }) => ({ by, error: new Error('oh') })),
  }),
}

const transportFlaws: Record<string, (inner: Transport) => Partial<Transport>> = {
  'accepts twice': inner => ({
    listen: (address, accept, options) =>
      inner.listen(
        address,
        connection => {
          accept(connection)
          accept(connection)
        },
        options,
      ),
  }),
  'accepts the later first': inner => {
    const waiting: (() => void)[] = []
    return {
      listen: (address, accept, options) =>
        inner.listen(
          address,
          connection => {
            waiting.push(() => accept(connection))
            if (waiting.length === 2) for (const accepted of waiting.splice(0).reverse()) accepted()
            else setImmediate(() => waiting.shift()?.())
          },
          options,
        ),
    }
  },
  'does not mind who listens already': inner => ({
    listen: (address, accept, options) =>
      inner.listen(address, accept, options).catch((error: unknown) => {
        if ((error as { code?: string }).code !== 'P2P_ADDRESS_IN_USE') throw error
        return inner.listen('memory://*', accept)
      }),
  }),
  'keeps the address': inner => ({
    listen: async (address, accept, options) =>
      changed(await inner.listen(address, accept, options), { close: () => Promise.resolve() }),
  }),
  'closes the connections with their listener': inner => ({
    listen: async (address, accept, options) => {
      const accepted: Connection[] = []
      const listener = await inner.listen(
        address,
        connection => {
          accepted.push(connection)
          accept(connection)
        },
        options,
      )
      void listener.closed.then(() => accepted.forEach(connection => connection.abort()))
      return listener
    },
  }),
  'does not say when a listener has ended': inner => ({
    listen: async (...parameters) =>
      changed(await inner.listen(...parameters), { closed: new Promise(() => undefined) }),
  }),
  'cannot be reached': inner => ({
    listen: async (...parameters) => changed(await inner.listen(...parameters), { reachable: [] }),
  }),
  'gives the address that was asked for': inner => ({
    listen: async (address, accept, options) =>
      changed(await inner.listen(address, accept, options), { address }),
  }),
  'lets an accept that throws pass': inner => ({
    listen: (address, accept, options) =>
      inner.listen(
        address,
        connection => {
          try {
            accept(connection)
          } catch {
            // swallowed
          }
        },
        options,
      ),
  }),
  'dials in spite of its signal': inner => ({ dial: address => inner.dial(address) }),
  'listens in spite of its signal': inner => ({ listen: (address, accept) => inner.listen(address, accept) }),
  'holds on to the signal of a dial': inner => ({
    dial: async (address, options) => {
      const connection = await inner.dial(address, options)
      options?.signal?.addEventListener('abort', () => connection.abort())
      return connection
    },
  }),
  'understands any address': inner => ({
    dial: (address, options) =>
      inner.dial(/^memory:\/\/~?[\w.-]+$/.test(address) ? address : 'memory://nobody', options),
  }),
}

const suite = (
  changeTransport: (inner: Transport) => Partial<Transport>,
  changeConnection: (inner: Connection) => Partial<Connection>,
): readonly ContractCase[] =>
  transportContract(() => {
    const inner = createMemoryNetwork({ clock }).transport()
    const connections = changed(inner, {
      dial: async (...parameters) => {
        const connection = await inner.dial(...parameters)
        return changed(connection, changeConnection(connection))
      },
      listen: (address, accept, options) =>
        inner.listen(
          address,
          connection => accept(changed(connection, changeConnection(connection))),
          options,
        ),
    })
    return {
      transport: changed(connections, changeTransport(connections)),
      anywhere: 'memory://*',
      malformed: ['memory://'],
    }
  })

/** A deadline of nothing is over in the next turn; any other is never over, so that a case that waits for one hangs. */
const clock: Clock = {
  now: () => 0,
  monotonic: () => 0,
  after: (delay, callback) => {
    const timer = delay === 0 ? setImmediate(callback) : undefined
    return { [Symbol.dispose]: () => clearImmediate(timer) }
  },
}

/** Whether a case fails, or does not come to an end while nothing else is left to happen. */
const notices = async ({ run }: ContractCase): Promise<boolean> => {
  let outcome: boolean | undefined
  run().then(
    () => (outcome = false),
    () => (outcome = true),
  )
  for (let turns = 0; outcome === undefined && turns < 300; turns++) await turn()
  return outcome ?? true
}

const isNoticed = async (cases: readonly ContractCase[]) => {
  for (const contractCase of cases) if (await notices(contractCase)) return true
  return false
}

describe('the contract suite of transports', () => {
  it('passes a transport of which nothing is changed', async () => {
    for (const contractCase of suite(
      () => ({}),
      () => ({}),
    )) {
      expect([contractCase.name, await notices(contractCase)]).toEqual([contractCase.name, false])
    }
  })

  it.each(Object.entries(connectionFlaws))('notices a connection that %s', async (_name, flaw) => {
    expect(await isNoticed(suite(() => ({}), flaw))).toBe(true)
  })

  it.each(Object.entries(transportFlaws))('notices a transport that %s', async (_name, flaw) => {
    expect(await isNoticed(suite(flaw, () => ({})))).toBe(true)
  })
})
