import type { Address, Connection, Transport } from '@p2p/interfaces'

/**
 * A transport whose dialling ends have no address that the other end could know (Unix sockets), with names that both ends agree on, as the contract
 * of transports wants it. The system accepts in the order of dialling, so the n-th that was accepted is the n-th that dialled; that the bytes of
 * such a pair meet is what the contract then checks.
 */
export const withNamedEnds = (transport: Transport): Transport => {
  const dialled = new Map<Address, number>()
  const accepted = new Map<Address, number>()
  const next = (counts: Map<Address, number>, address: Address): Address => {
    const count = (counts.get(address) ?? 0) + 1
    counts.set(address, count)
    return `${address}#${count}`
  }
  return {
    scheme: transport.scheme,
    dial: async (address, options) => {
      const aborted = options?.signal?.aborted === true
      const name = aborted ? address : next(dialled, address)
      return named(await transport.dial(address, options), { local: name })
    },
    listen: (address, accept, options) =>
      transport.listen(
        address,
        connection => accept(named(connection, { remote: next(accepted, connection.local) })),
        options,
      ),
  }
}

const named = (connection: Connection, names: Partial<Pick<Connection, 'local' | 'remote'>>): Connection =>
  new Proxy(connection, {
    get: (target, key) => {
      if (key === 'local' || key === 'remote') return names[key] ?? target[key]
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  })
