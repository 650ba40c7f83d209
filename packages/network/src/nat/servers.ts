import { type Endpoint, formatEndpoint } from '../core/endpoint.ts'
import { type Family, isIp, scopeOf } from '../core/ip.ts'
import { NetworkError } from '../errors.ts'
import { resolve, type ResolveOptions } from '../resolve.ts'

/** A STUN server: `stun.example.org`, `stun.example.org:3478`, `192.0.2.1:3478`, `[2001:db8::1]:3478`, or an endpoint. */
export type ServerName = string | Endpoint

/** RFC 8489, 9. */
export const stunPort = 3_478

/** More servers than this are not asked: what each tells is the same. */
export const maxServers = 8

const grammar = /^(?:\[(?<six>[^[\]]+)\]|(?<name>[^:[\]]+))(?::(?<port>\d{1,5}))?$/

const take = (server: string): readonly [host: string, port: number] => {
  if (isIp(server)) return [server, stunPort]
  const { six, name, port } = grammar.exec(server)?.groups ?? {}
  const host = six ?? name
  if (host === undefined) {
    const shown = JSON.stringify(server.slice(0, 100))
    throw new NetworkError('P2P_BAD_ADDRESS', `${shown} is not a server: write HOST or HOST:PORT`)
  }
  return [host, port === undefined ? stunPort : Number(port)]
}

/** A server's name in words. */
export const nameOf = (server: ServerName): string =>
  typeof server === 'string' ? server : formatEndpoint(server)

/**
 * The endpoint of a server: the first that its name stands for.
 *
 * @throws NetworkError `P2P_BAD_ADDRESS`, and as {@link resolve}
 */
export const resolveServer = async (
  server: ServerName,
  family: Family | undefined,
  options: ResolveOptions,
): Promise<Endpoint> => {
  if (typeof server !== 'string') return server
  const [host, port] = take(server)
  const [first] = await resolve(host, port, { ...options, ...(family === undefined ? {} : { family }) })
  return first
}

/**
 * A server's other address and port, if it has another address of the same family that it may send us to: one in the public network, or one of
 * the same kind as its own. A server must not make us send packets into somebody's private network.
 */
export const otherOf = (server: Endpoint, other: Endpoint | undefined): Endpoint | undefined => {
  if (other === undefined || other.family !== server.family || other.port === 0) return undefined
  if (other.address === server.address || other.port === server.port) return undefined
  const scope = scopeOf(other.address)
  return scope === 'public' || scope === scopeOf(server.address) ? other : undefined
}
