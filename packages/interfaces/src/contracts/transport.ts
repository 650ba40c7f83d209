import type { Address } from '../address.ts'
import type { Connection } from '../connection.ts'
import { P2PError } from '../errors.ts'
import type { Listener, Transport } from '../transport.ts'
import type { ContractCase } from './case.ts'
import { check, rejectsWith, same } from './check.ts'
import { connectionContract } from './connection.ts'
import { type ConnectionPair, end, pattern, Reading } from './streams.ts'

/** What {@link transportContract} tests. */
export interface TransportSubject {
  /** A transport that no other case uses. Its clock must move by itself. */
  readonly transport: Transport
  /** Where to listen so that any free address is taken: `tcp://127.0.0.1:0`, `memory://*`. */
  readonly anywhere: Address
  /** Addresses of its scheme that are not well formed. */
  readonly malformed: readonly Address[]
}

/** The promises of {@link Transport} and {@link Listener}, and those of {@link Connection} for the connections that it makes. */
export const transportContract = (create: () => TransportSubject): ContractCase[] => [
  ...cases.map(([name, body]) => ({ name, run: () => body(create()) })),
  ...connectionContract(() => connect(create())),
]

/** One connection, both ends; the listener is closed again. */
const connect = async ({ transport, anywhere }: TransportSubject): Promise<ConnectionPair> => {
  const door = await open(transport, anywhere)
  const outbound = await transport.dial(door.listener.address)
  const inbound = await door.next()
  await door.listener.close()
  return { outbound, inbound }
}

/** A listener, and what it has accepted. */
interface Door {
  readonly listener: Listener
  readonly accepted: readonly Connection[]
  /** The next connection that has not been asked for yet. */
  readonly next: () => Promise<Connection>
}

const open = async (transport: Transport, address: Address): Promise<Door> => {
  const accepted: Connection[] = []
  let given = 0
  let wake: (() => void) | undefined
  const listener = await transport.listen(address, connection => {
    accepted.push(connection)
    wake?.()
  })
  const next = async (): Promise<Connection> => {
    const connection = accepted[given]
    if (connection === undefined) {
      await new Promise<void>(resolve => (wake = resolve))
      return next()
    }
    given++
    return connection
  }
  return { listener, accepted, next }
}

/** Whether a connection works, by an echo. */
const works = async (one: Connection, other: Connection) => {
  other.onData(chunk => other.write(chunk.slice()))
  const echo = new Reading(one)
  one.write(pattern(0, 500))
  await echo.exactly(500)
}

/** An address at which nobody listens any more. */
const deserted = async ({ transport, anywhere }: TransportSubject): Promise<Address> => {
  const { listener } = await open(transport, anywhere)
  await listener.close()
  return listener.address
}

const cases: readonly (readonly [name: string, body: (subject: TransportSubject) => Promise<void>])[] = [
  [
    'who dials where somebody listens is connected',
    async ({ transport, anywhere }) => {
      const { listener, next } = await open(transport, anywhere)
      same(
        listener.address.startsWith(`${transport.scheme}://`),
        true,
        'the address has the scheme of its transport',
      )
      check(listener.address !== anywhere, 'the address of a listener is the real one')
      check(listener.reachable.length > 0, 'a listener can be reached')
      for (const address of listener.reachable) {
        const outbound = await transport.dial(address)
        const inbound = await next()
        same(outbound.remote, address, 'the remote end is what was dialled')
        await works(outbound, inbound)
        await end(outbound, inbound)
      }
      await listener.close()
    },
  ],
  [
    'accept is called once per connection, in order of arrival',
    async ({ transport, anywhere }) => {
      const { listener, next, accepted } = await open(transport, anywhere)
      const dialled: Connection[] = []
      for (let count = 0; count < 20; count++) dialled.push(await transport.dial(listener.address))
      for (const outbound of dialled) same((await next()).remote, outbound.local, 'who was accepted next')
      same(accepted.length, dialled.length, 'connections accepted')
      await end(...dialled, ...accepted)
      await listener.close()
    },
  ],
  [
    'many can dial at once',
    async ({ transport, anywhere }) => {
      const { listener, next, accepted } = await open(transport, anywhere)
      const dialled = await Promise.all(Array.from({ length: 50 }, () => transport.dial(listener.address)))
      const inbounds = new Map<Address, Connection>()
      while (inbounds.size < dialled.length) {
        const inbound = await next()
        inbounds.set(inbound.remote, inbound)
      }
      await Promise.all(dialled.map(outbound => works(outbound, inbounds.get(outbound.local) ?? outbound)))
      await end(...dialled, ...accepted)
      await listener.close()
    },
  ],
  [
    'two listeners anywhere do not meet',
    async ({ transport, anywhere }) => {
      const [one, other] = [await open(transport, anywhere), await open(transport, anywhere)]
      check(one.listener.address !== other.listener.address, 'each has an address of its own')
      const outbound = await transport.dial(other.listener.address)
      await works(outbound, await other.next())
      same(one.accepted.length, 0, 'connections at the other listener')
      await end(outbound, ...other.accepted)
      await Promise.all([one.listener.close(), other.listener.close()])
    },
  ],
  [
    'where nobody listens a dial is refused',
    async subject => {
      const address = await deserted(subject)
      await rejectsWith(subject.transport.dial(address), 'P2P_CONNECTION_REFUSED', 'dial')
    },
  ],
  [
    'an address is taken once, and whoever has it keeps it',
    async ({ transport, anywhere }) => {
      const { listener, next } = await open(transport, anywhere)
      const second = transport.listen(listener.address, () => undefined)
      await rejectsWith(second, 'P2P_ADDRESS_IN_USE', 'listen')
      const outbound = await transport.dial(listener.address)
      await works(outbound, await next())
      await end(outbound)
      await listener.close()
    },
  ],
  [
    'closing a listener frees its address, twice does no harm, and its connections live on',
    async ({ transport, anywhere }) => {
      const first = await open(transport, anywhere)
      const { address } = first.listener
      const outbound = await transport.dial(address)
      const inbound = await first.next()
      await Promise.all([first.listener.close(), first.listener.close()])
      same((await first.listener.closed).error, undefined, 'the error of a listener that was closed')
      await rejectsWith(transport.dial(address), 'P2P_CONNECTION_REFUSED', 'dial')

      const second = await open(transport, address)
      same(second.listener.address, address, 'the address')
      await first.listener.close()
      const another = await transport.dial(address)
      await works(another, await second.next())
      await works(outbound, inbound)
      same(first.accepted.length, 1, 'connections that the closed listener accepted')
      await end(outbound, inbound, another, ...second.accepted)
      await second.listener.close()
    },
  ],
  [
    'a listener ends with its scope',
    async ({ transport, anywhere }) => {
      let address: Address
      {
        await using listener = await transport.listen(anywhere, () => undefined)
        address = listener.address
      }
      await rejectsWith(transport.dial(address), 'P2P_CONNECTION_REFUSED', 'dial')
    },
  ],
  [
    'an accept that throws aborts that connection only',
    async ({ transport, anywhere }) => {
      const thrown = new Error('not you')
      const accepted: Connection[] = []
      const listener = await transport.listen(anywhere, connection => {
        if (accepted.push(connection) === 1) throw thrown
        connection.onData(chunk => connection.write(chunk.slice()))
      })
      // Depending on how fast it is, the failure is the dial's or the connection's.
      const failure = await transport.dial(listener.address).then(
        async first => {
          new Reading(first)
          return (await first.closed).error
        },
        (error: unknown) => error,
      )
      check(P2PError.is(failure), 'who is turned away by an accept that throws sees a failure')
      same((await accepted[0]?.closed)?.error, thrown, 'the reason at our end')
      const second = await transport.dial(listener.address)
      const echo = new Reading(second)
      second.write(pattern(0, 10))
      await echo.exactly(10)
      await end(second, ...accepted)
      await listener.close()
    },
  ],
  [
    'a malformed address, or one of another scheme, is refused with a code',
    async ({ transport, malformed }) => {
      const others: Address[] = ['elsewhere://127.0.0.1:1', '://', `${transport.scheme}:/oops://`]
      for (const address of [...malformed, ...others]) {
        await rejectsWith(transport.dial(address), 'P2P_BAD_ADDRESS', `dial ${address}`)
        const listening = transport.listen(address, () => undefined)
        await rejectsWith(listening, 'P2P_BAD_ADDRESS', `listen ${address}`)
      }
    },
  ],
  [
    'a dial whose signal is aborted already reaches nobody',
    async ({ transport, anywhere }) => {
      const { listener, next, accepted } = await open(transport, anywhere)
      const reason = new Error('changed my mind')
      const dialling = transport.dial(listener.address, { signal: AbortSignal.abort(reason) })
      const error = await rejectsWith(dialling, 'P2P_ABORTED', 'dial')
      same(error.cause, reason, 'the cause')
      const outbound = await transport.dial(listener.address)
      same((await next()).remote, outbound.local, 'the first who was accepted')
      await end(outbound, ...accepted)
      await listener.close()
    },
  ],
  [
    'a dial that is aborted on its way leaves no connection behind',
    async ({ transport, anywhere }) => {
      const { listener, next, accepted } = await open(transport, anywhere)
      const controller = new AbortController()
      const dialling = transport.dial(listener.address, { signal: controller.signal })
      controller.abort()
      await rejectsWith(dialling, 'P2P_ABORTED', 'dial')
      const outbound = await transport.dial(listener.address)
      for (let found = false; !found;) {
        const inbound = await next()
        found = inbound.remote === outbound.local
        // The system may have connected the first before it was aborted; then it has ended now.
        if (!found) {
          new Reading(inbound)
          await inbound.closed
        }
      }
      await end(outbound, ...accepted)
      await listener.close()
    },
  ],
  [
    'a signal that is aborted after the dial changes nothing',
    async ({ transport, anywhere }) => {
      const { listener, next } = await open(transport, anywhere)
      const controller = new AbortController()
      const outbound = await transport.dial(listener.address, { signal: controller.signal })
      controller.abort()
      await works(outbound, await next())
      await end(outbound)
      await listener.close()
    },
  ],
  [
    'a listen whose signal is aborted leaves the address free',
    async subject => {
      const { transport } = subject
      const address = await deserted(subject)
      const aborted = transport.listen(address, () => undefined, { signal: AbortSignal.abort() })
      await rejectsWith(aborted, 'P2P_ABORTED', 'listen')
      const { listener } = await open(transport, address)
      await listener.close()
    },
  ],
]
