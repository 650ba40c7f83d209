import { P2PError } from '../errors.ts'
import type { Messenger } from '../messenger.ts'
import { alike } from './alike.ts'
import type { ContractCase } from './case.ts'
import { check, rejectsWith, same } from './check.ts'
import {
  at,
  type ContractNetwork,
  type CreateNetwork,
  networkCase,
  only,
  protocol,
  record,
  thrownBy,
} from './network.ts'

/** What a case works with: two nodes that can reach each other, and their network. */
interface Pair {
  readonly ours: Messenger
  readonly theirs: Messenger
  readonly network: ContractNetwork<Messenger>
}

type Promised = readonly [name: string, body: (pair: Pair) => Promise<void>]

/**
 * The promises of {@link Messenger}. A rejection that nobody handles is the test runner's to report: one case leaves a failing `send` unawaited.
 *
 * @param create makes the network of each case
 */
export const messengerContract = (create: CreateNetwork<Messenger>): ContractCase[] =>
  [...requests, ...refusals, ...waits, ...sends, ...handlers].map(([name, body]) =>
    networkCase(create, 2, name, network => body({ ours: at(network, 0), theirs: at(network, 1), network })),
  )

const never = () => new Promise<never>(() => undefined)

/** Keeps a promise for later: until then its rejection is not unhandled. */
const later = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => undefined)
  return promise
}

/** How long a node may be looked for: an implementation may need all of it to know that nobody is there. */
const lookFor = { timeout: 1_000 }

const requests: readonly Promised[] = [
  [
    'a request is answered with what the handler returns or resolves to',
    async ({ ours, theirs }) => {
      record(theirs, ({ body }) => (body === 'now' ? 'returned' : Promise.resolve('resolved')))
      same(await ours.request(theirs.self, protocol, 'now'), 'returned', 'the answer is what is returned')
      same(
        await ours.request(theirs.self, protocol, 'later'),
        'resolved',
        'the answer is what is resolved to',
      )
    },
  ],
  [
    'undefined answers with null',
    async ({ ours, theirs }) => {
      record(theirs)
      same(await ours.request(theirs.self, protocol, 1), null, 'undefined answers with null')
    },
  ],
  [
    'a node can be asked by its id alone',
    async ({ ours, theirs }) => {
      record(theirs, () => 'here')
      same(await ours.request(theirs.self.id, protocol, null), 'here', 'the id is enough')
    },
  ],
  [
    'the handler of a request sees who asks, how and what',
    async ({ ours, theirs }) => {
      const messages = record(theirs)
      await ours.request(theirs.self, protocol, 'question')
      const message = only(messages)
      same(message.kind, 'request', 'kind')
      same(message.from.id, ours.self.id, 'from.id')
      same(message.protocol, protocol, 'protocol')
      same(message.body, 'question', 'body')
    },
  ],
  [
    'a body arrives as it was passed, and so does an answer',
    async ({ ours, theirs }) => {
      const body = {
        text: 'käse 🧀',
        empty: '',
        numbers: [0, -7, 0.5, Number.MAX_SAFE_INTEGER],
        truth: true,
        nothing: null,
        bytes: Uint8Array.of(0, 127, 255),
        nested: [['deeper', { still: [] }]],
      }
      const messages = record(theirs, message => message.body)
      const answer = await ours.request(theirs.self, protocol, body)
      check(alike(only(messages).body, body), 'the handler gets the body that was passed')
      check(alike(answer, body), 'the requester gets the answer that was returned')
    },
  ],
  [
    'answers find their requests in whatever order they come',
    async ({ ours, theirs, network }) => {
      const answers: (() => void)[] = []
      record(theirs, ({ body }) => new Promise(resolve => answers.push(() => resolve(body))))
      const asked = [1, 2, 3, 4].map(number => later(ours.request(theirs.self, protocol, number)))
      await network.settle()
      for (const answer of answers.reverse()) answer()
      check(alike(await Promise.all(asked), [1, 2, 3, 4]), 'each request gets its own answer')
    },
  ],
]

const refusals: readonly Promised[] = [
  ...(['throws', 'rejects'] as const).map((way): Promised => [
    `a handler that ${way} rejects the request with P2P_REQUEST_FAILED, with its code and its message`,
    async ({ ours, theirs }) => {
      const failure = new P2PError('P2P_NO_CHEESE', 'there is no cheese')
      record(theirs, () => {
        if (way === 'throws') throw failure
        return Promise.reject(failure)
      })
      const error = await rejectsWith(
        ours.request(theirs.self, protocol, null),
        'P2P_REQUEST_FAILED',
        'request',
      )
      const { cause, message } = error
      check(message.includes('there is no cheese'), 'the message is that of the error')
      check(P2PError.is(cause, 'P2P_NO_CHEESE'), 'the cause has the code of the error')
      check(cause.message.includes('there is no cheese'), 'the cause has the message of the error')
    },
  ]),
  [
    'a request of a protocol that nobody handles rejects with P2P_NO_HANDLER',
    async ({ ours, theirs }) => {
      await rejectsWith(ours.request(theirs.self, protocol, null), 'P2P_NO_HANDLER', 'request')
    },
  ],
  [
    'a request to a node that does not exist rejects with P2P_PEER_UNREACHABLE',
    async ({ ours, network }) => {
      const byContact = later(ours.request(network.stranger, protocol, null, lookFor))
      const byId = later(ours.request(network.stranger.id, protocol, null, lookFor))
      await network.elapse(lookFor.timeout)
      await rejectsWith(byContact, 'P2P_PEER_UNREACHABLE', 'by contact')
      await rejectsWith(byId, 'P2P_PEER_UNREACHABLE', 'by id')
    },
  ],
]

const waits: readonly Promised[] = [
  [
    'a request with an aborted signal is not made',
    async ({ ours, theirs, network }) => {
      const messages = record(theirs)
      const reason = new Error('changed my mind')
      const signal = AbortSignal.abort(reason)
      const error = await rejectsWith(
        ours.request(theirs.self, protocol, null, { signal }),
        'P2P_ABORTED',
        'request',
      )
      same(error.cause, reason, 'the cause is the reason of the signal')
      await network.settle()
      same(messages.length, 0, 'messages that came')
    },
  ],
  [
    'aborting a request ends the wait and aborts the signal of its handler',
    async ({ ours, theirs, network }) => {
      const messages = record(theirs, never)
      const controller = new AbortController()
      const answer = later(ours.request(theirs.self, protocol, null, { signal: controller.signal }))
      await network.settle()
      same(only(messages).signal.aborted, false, 'aborted while the requester waits')
      controller.abort()
      await rejectsWith(answer, 'P2P_ABORTED', 'request')
      await network.settle()
      same(only(messages).signal.aborted, true, 'aborted when the requester has given up')
    },
  ],
  [
    'a request ends with P2P_TIMEOUT at its deadline, not before, and aborts the signal of its handler',
    async ({ ours, theirs, network }) => {
      const messages = record(theirs, never)
      let ended = false
      const answer = later(ours.request(theirs.self, protocol, null, { timeout: 1_000 }))
      const end = () => (ended = true)
      answer.then(end, end)
      await network.elapse(500)
      await network.settle()
      same(ended, false, 'ended before the deadline')
      await network.elapse(500)
      await rejectsWith(answer, 'P2P_TIMEOUT', 'request')
      await network.settle()
      same(only(messages).signal.aborted, true, 'aborted when the requester has given up')
    },
  ],
  [
    'the signal of a handler is aborted when the requester goes away',
    async ({ ours, theirs, network }) => {
      const messages = record(theirs, never)
      // How it ends is left to the implementation: its requester is gone.
      void later(ours.request(theirs.self, protocol, null))
      await network.settle()
      await network.remove(ours)
      await network.settle()
      same(only(messages).signal.aborted, true, 'aborted when the requester is gone')
    },
  ],
  [
    'the signal of a handler is not aborted after its answer',
    async ({ ours, theirs, network }) => {
      const messages = record(theirs, () => 'done')
      const controller = new AbortController()
      await ours.request(theirs.self, protocol, null, { signal: controller.signal })
      controller.abort()
      await network.settle()
      same(only(messages).signal.aborted, false, 'aborted after the answer')
    },
  ],
]

const sends: readonly Promised[] = [
  [
    'what is sent is delivered once, and its handler sees who, how and what',
    async ({ ours, theirs, network }) => {
      const messages = record(theirs)
      await ours.send(theirs.self, protocol, { text: 'hello' })
      await network.settle()
      const message = only(messages)
      same(message.kind, 'send', 'kind')
      same(message.from.id, ours.self.id, 'from.id')
      same(message.protocol, protocol, 'protocol')
      check(alike(message.body, { text: 'hello' }), 'the body is the one that was passed')
      same(message.signal.aborted, false, 'aborted')
    },
  ],
  [
    'a node can be sent to by its id alone',
    async ({ ours, theirs, network }) => {
      const messages = record(theirs)
      await ours.send(theirs.self.id, protocol, 'hello')
      await network.settle()
      same(only(messages).body, 'hello', 'body')
    },
  ],
  [
    'every message that is sent has a name of its own',
    async ({ ours, theirs }) => {
      record(theirs)
      record(ours)
      const names = await Promise.all(
        [1, 2, 3].flatMap(number => [
          ours.send(theirs.self, protocol, number),
          theirs.send(ours.self, protocol, number),
        ]),
      )
      same(new Set(names).size, 6, 'different names of 6 messages')
    },
  ],
  [
    'a send to a node that does not exist rejects with P2P_PEER_UNREACHABLE',
    async ({ ours, network }) => {
      const sent = later(ours.send(network.stranger, protocol, null, lookFor))
      await network.elapse(lookFor.timeout)
      await rejectsWith(sent, 'P2P_PEER_UNREACHABLE', 'send')
    },
  ],
  [
    'a rejected send that nobody awaits is no unhandled rejection',
    async ({ ours, network }) => {
      void ours.send(network.stranger, protocol, null)
      await network.settle()
    },
  ],
  [
    'a send with an aborted signal rejects with P2P_ABORTED and is not delivered',
    async ({ ours, theirs, network }) => {
      const messages = record(theirs)
      const signal = AbortSignal.abort()
      await rejectsWith(ours.send(theirs.self, protocol, null, { signal }), 'P2P_ABORTED', 'send')
      await network.settle()
      same(messages.length, 0, 'messages that came')
    },
  ],
  [
    'a send throws TypeError at once for a body that cannot be encoded',
    async ({ ours, theirs, network }) => {
      const messages = record(theirs)
      const error = thrownBy(() => ours.send(theirs.self, protocol, () => undefined), 'a function as body')
      check(error instanceof TypeError, 'a body that cannot be encoded is a TypeError')
      await network.settle()
      same(messages.length, 0, 'messages that came')
    },
  ],
  [
    'a send that nobody handles harms nothing',
    async ({ ours, theirs, network }) => {
      await ours.send(theirs.self, protocol, 'lost')
      await network.settle()
      record(theirs, () => 'alive')
      same(await ours.request(theirs.self, protocol, null), 'alive', 'the next request')
    },
  ],
]

const handlers: readonly Promised[] = [
  [
    'a protocol has one handler: a second is P2P_PROTOCOL_TAKEN and changes nothing',
    async ({ ours, theirs }) => {
      record(theirs, () => 'first')
      const error = thrownBy(() => theirs.handle(protocol, () => 'second'), 'the second handler')
      check(P2PError.is(error, 'P2P_PROTOCOL_TAKEN'), 'the second handler is P2P_PROTOCOL_TAKEN')
      same(await ours.request(theirs.self, protocol, null), 'first', 'the first handler stays')
    },
  ],
  [
    'each protocol goes to its own handler',
    async ({ ours, theirs }) => {
      theirs.handle(`${protocol}/a`, () => 'a')
      theirs.handle(`${protocol}/b`, () => 'b')
      same(await ours.request(theirs.self, `${protocol}/b`, null), 'b', 'the answer of b')
      same(await ours.request(theirs.self, `${protocol}/a`, null), 'a', 'the answer of a')
    },
  ],
  [
    'a handler that is disposed of frees its protocol, and does so once',
    async ({ ours, theirs }) => {
      const handling = theirs.handle(protocol, () => 'first')
      handling[Symbol.dispose]()
      await rejectsWith(ours.request(theirs.self, protocol, null), 'P2P_NO_HANDLER', 'after disposing')
      record(theirs, () => 'second')
      handling[Symbol.dispose]()
      same(await ours.request(theirs.self, protocol, null), 'second', 'the second handler stays')
    },
  ],
]
