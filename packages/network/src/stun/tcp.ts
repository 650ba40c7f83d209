import type { Clock, Random, WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { type Endpoint, formatEndpoint } from '../core/endpoint.ts'
import { decodeStun } from '../core/stun/decode.ts'
import { encodeStun } from '../core/stun/encode.ts'
import { headerLength, stunLimits } from '../core/stun/message.ts'
import { NetworkError } from '../errors.ts'
import type { TcpSocket } from '../socket/sockets.ts'

/** Milliseconds for the answer over a connection that stands; TCP itself sends again (RFC 8489, 6.2.2 waits for 39.5 s). */
export const tcpAnswerTimeout = 10_000

/**
 * Asks over a connection to a STUN server where it comes from. The connection stays open, and its reader is gone.
 *
 * @throws NetworkError `P2P_STUN_REFUSED`, `P2P_PROTOCOL_ERROR`, `P2P_SOCKET_CLOSED`; `P2P_TIMEOUT`, `P2P_ABORTED`
 */
export const requestOverTcp = (
  socket: TcpSocket,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  options: WaitOptions = {},
): Promise<Endpoint> => {
  const { signal, timeout = tcpAnswerTimeout } = options
  const server = formatEndpoint(socket.remote)
  return wait({ clock, signal, timeout, what: `the answer of ${server}` }, waiter => {
    const transaction = random.fill(new Uint8Array(12))
    let buffer = new Uint8Array(0)
    socket.onData(bytes => {
      try {
        if (bytes === undefined) throw new NetworkError('P2P_SOCKET_CLOSED', `${server} ended the connection`)
        const joined = new Uint8Array(buffer.length + bytes.length)
        joined.set(buffer)
        joined.set(bytes, buffer.length)
        buffer = joined
        if (buffer.length < headerLength) return
        const length = headerLength + new DataView(buffer.buffer).getUint16(2)
        if (length > stunLimits.maxMessage)
          throw new NetworkError('P2P_PROTOCOL_ERROR', `${server} announces ${length} bytes`)
        if (buffer.length < length) return
        waiter.resolve(mappedOf(buffer.subarray(0, length), transaction, server))
      } catch (error) {
        waiter.reject(error)
      }
    })
    socket.write(encodeStun({ kind: 'request', transaction }))
    return () => socket.onData(undefined)
  })
}

const mappedOf = (bytes: Uint8Array, transaction: Uint8Array, server: string): Endpoint => {
  const { kind, attributes, transaction: came } = decodeStun(bytes)
  if (Buffer.compare(came, transaction) !== 0)
    throw new NetworkError('P2P_PROTOCOL_ERROR', `${server} answers what was not asked`)
  const mapped = attributes.xorMappedAddress ?? attributes.mappedAddress
  if (kind === 'success' && mapped !== undefined) return mapped
  const { code = 0, reason = 'no address' } = attributes.errorCode ?? {}
  throw new NetworkError('P2P_STUN_REFUSED', `${server} refuses: ${code} ${reason}`)
}
