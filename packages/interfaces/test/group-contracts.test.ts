import { describe, expect, it } from 'vitest'
import { type ContractCase, groupContract, messengerContract } from '../src/contracts/index.ts'
import { P2PError, WaitError } from '../src/index.ts'
import { FakeNetwork, type FakeNode } from './fake-group.ts'

/** The suites of a network whose nodes are changed before they join. */
const suites = (prepare?: (node: FakeNode) => void): ContractCase[] => {
  const create = async (count: number) => new FakeNetwork(count, prepare)
  return [...messengerContract(create), ...groupContract(create)]
}

describe('a fake of a few lines keeps the promises of Messenger and Group', () => {
  for (const { name, run } of suites()) it(name, run)
})

/** Each breaks one promise; the suites must notice each. */
const flaws: Record<string, (node: FakeNode) => void> = {
  'delivers twice': node => {
    const deliver = node.deliver.bind(node)
    node.deliver = async (...args) => {
      await deliver(...args)
      return deliver(...args)
    }
  },
  'delivers nothing': node => {
    node.deliver = () => Promise.resolve(null)
  },
  'delivers a broadcast at its origin': node => {
    node.network.others = () => [...node.network.present.values()]
  },
  'delivers another body': node => {
    const deliver = node.deliver.bind(node)
    node.deliver = (message, ...rest) =>
      deliver({ ...message, body: structuredClone([message.body]) }, ...rest)
  },
  'turns bytes into a list': node => {
    const deliver = node.deliver.bind(node)
    node.deliver = (message, ...rest) =>
      deliver({ ...message, body: JSON.parse(JSON.stringify(message.body)) as unknown }, ...rest)
  },
  'calls everything a send': node => {
    const deliver = node.deliver.bind(node)
    node.deliver = (message, ...rest) => deliver({ ...message, kind: 'send' }, ...rest)
  },
  'gives the receiver as the sender': node => {
    const deliver = node.deliver.bind(node)
    node.deliver = (message, _from, signal) => deliver(message, node, signal)
  },
  'gives a broadcast with an aborted signal': node => {
    const deliver = node.deliver.bind(node)
    node.deliver = (message, from, signal) =>
      deliver(message, from, message.kind === 'broadcast' ? AbortSignal.abort() : signal)
  },
  'never aborts the signal of a handler': node => {
    const deliver = node.deliver.bind(node)
    node.deliver = (message, from) => deliver(message, from, new AbortController().signal)
  },
  'answers the last question first': node => {
    const request = node.request.bind(node)
    let previous: Promise<unknown> | undefined
    node.request = (...args) => {
      const answer = request(...args)
      answer.catch(() => undefined)
      const mixed = previous ?? answer
      previous = answer
      return mixed
    }
  },
  'answers undefined with undefined': node => {
    const request = node.request.bind(node)
    node.request = async (...args) => (await request(...args)) ?? undefined
  },
  'knows nodes only by their contact': node => {
    const find = node.find.bind(node)
    node.find = to => find(typeof to === 'string' ? node.network.stranger : to)
  },
  'hides why a handler failed': node => {
    const request = node.request.bind(node)
    node.request = (...args) =>
      request(...args).catch((error: unknown) => {
        throw P2PError.is(error, 'P2P_REQUEST_FAILED') ? new P2PError(error.code, 'failed') : error
      })
  },
  'has one code for all failures': node => {
    const request = node.request.bind(node)
    node.request = (...args) =>
      request(...args).catch((cause: unknown) => {
        throw new WaitError('P2P_TIMEOUT', 'failed', { cause })
      })
  },
  'throws errors outside the family': node => {
    node.find = to => {
      const found = node.network.present.get(typeof to === 'string' ? to : to.id)
      if (found === undefined) throw new Error('P2P_PEER_UNREACHABLE')
      return found
    }
  },
  'ignores the signal of a request': node => {
    const request = node.request.bind(node)
    node.request = (to, protocol, body, options) => request(to, protocol, body, { timeout: options?.timeout })
  },
  'ignores the deadline of a request': node => {
    const request = node.request.bind(node)
    node.request = (to, protocol, body, options) =>
      request(to, protocol, body, { ...options, timeout: 60_000 })
  },
  'ends a request long before its deadline': node => {
    const request = node.request.bind(node)
    node.request = (to, protocol, body, options) =>
      request(to, protocol, body, { ...options, timeout: options?.timeout === undefined ? 10_000 : 0 })
  },
  'forgets the reason of an abort': node => {
    const request = node.request.bind(node)
    node.request = (...args) =>
      request(...args).catch((error: unknown) => {
        throw P2PError.is(error, 'P2P_ABORTED') ? new WaitError('P2P_ABORTED', 'gave up') : error
      })
  },
  'lets handlers work on when the requester goes': node => {
    node.end = () => undefined
  },
  'sends in spite of an aborted signal': node => {
    const send = node.send.bind(node)
    node.send = (to, protocol, body) => send(to, protocol, body)
  },
  'rejects where it should throw': node => {
    const send = node.send.bind(node)
    node.send = (...args) => {
      const sent = Promise.resolve().then(() => send(...args))
      sent.catch(() => undefined)
      return sent
    }
  },
  'throws where it should reject': node => {
    const send = node.send.bind(node)
    node.send = (to, ...rest) => {
      node.find(to)
      return send(to, ...rest)
    }
  },
  'broadcasts what it cannot encode': node => {
    const broadcast = node.broadcast.bind(node)
    node.broadcast = (protocol, body) => broadcast(protocol, typeof body === 'function' ? null : body)
  },
  'gives two messages one name': node => {
    node.name = () => 'name'
  },
  'lets a second handler replace the first': node => {
    const handle = node.handle.bind(node)
    node.handle = (protocol, handler) => {
      node.handlers.delete(protocol)
      return handle(protocol, handler)
    }
  },
  'never frees a protocol': node => {
    const handle = node.handle.bind(node)
    node.handle = (protocol, handler) => {
      handle(protocol, handler)
      return { [Symbol.dispose]: () => undefined }
    }
  },
  'frees a protocol that another has taken since': node => {
    const handle = node.handle.bind(node)
    node.handle = (protocol, handler) => {
      handle(protocol, handler)
      return { [Symbol.dispose]: () => void node.handlers.delete(protocol) }
    }
  },
  'has one handler for all protocols': node => {
    const deliver = node.deliver.bind(node)
    node.deliver = (message, ...rest) => {
      const [first = message.protocol] = node.handlers.keys()
      return deliver({ ...message, protocol: first }, ...rest)
    }
  },
  'counts itself as a peer': node => {
    Object.defineProperty(node, 'peers', {
      get: () => [...node.network.present.values()].map(({ self }) => self),
    })
  },
  'has no peers': node => {
    Object.defineProperty(node, 'peers', { value: [] })
  },
  'lists a peer twice': node => {
    Object.defineProperty(node, 'peers', {
      get: () => node.network.others(node).flatMap(({ self }) => [self, self]),
    })
  },
  'tells a watcher who is here already': node => {
    const watch = node.watch.bind(node)
    node.watch = listener => {
      for (const peer of node.peers) listener({ type: 'up', peer })
      return watch(listener)
    }
  },
  'tells a watcher everything twice': node => {
    const notice = node.notice.bind(node)
    node.notice = change => {
      notice(change)
      notice(change)
    }
  },
  'keeps quiet about peers that go': node => {
    const notice = node.notice.bind(node)
    node.notice = change => {
      if (change.type === 'up') notice(change)
    }
  },
  'goes on telling a watcher that was disposed of': node => {
    const watch = node.watch.bind(node)
    node.watch = listener => {
      watch(listener)
      return { [Symbol.dispose]: () => undefined }
    }
  },
  'disposes of all watchers at once': node => {
    const watch = node.watch.bind(node)
    node.watch = listener => {
      watch(listener)
      return { [Symbol.dispose]: () => node.watchers.clear() }
    }
  },
}

/** The names of the cases that fail with such nodes. */
const failing = async (prepare: (node: FakeNode) => void): Promise<string[]> => {
  const cases = suites(prepare)
  const outcomes = await Promise.allSettled(cases.map(({ run }) => Promise.race([run(), stuck()])))
  return cases.filter((_, index) => outcomes[index]?.status === 'rejected').map(({ name }) => name)
}

/** A case that waits for what will not come would hang until the runner's deadline. Fakes need far fewer turns than this. */
const stuck = async (): Promise<never> => {
  for (let turn = 0; turn < 100; turn += 1) await new Promise(resolve => setImmediate(resolve))
  throw new Error('the case hangs')
}

describe('the suites notice a fake that', () => {
  it.each(Object.entries(flaws))('%s', async (_, prepare) => {
    expect(await failing(prepare)).not.toEqual([])
  })
})

it('every case of the suites notices one of these flaws', async () => {
  const noticed = await Promise.all(Object.values(flaws).map(failing))
  const names = suites().map(({ name }) => name)
  expect(names.filter(name => !noticed.flat().includes(name))).toEqual([])
})
