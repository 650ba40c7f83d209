import { createSocket, type Socket } from 'node:dgram'
import { type AddressInfo, connect as connectTcp, createServer, type Socket as StreamSocket } from 'node:net'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import { type Endpoint, formatEndpoint, hostOf, toEndpoint } from '../core/endpoint.ts'
import { NetworkError, systemError } from '../errors.ts'
import { pinnedBy } from '../route/route.ts'
import type { Sockets, TcpServer, TcpSocket, UdpSocket } from './sockets.ts'

/** Milliseconds for a connection over TCP. */
export const connectTimeout = 10_000

const socketType = ({ family }: Endpoint) =>
  family === 4 ? { type: 'udp4' as const } : { type: 'udp6' as const, ipv6Only: true }

/** Waits for the outcome that `begin` announces. What the socket reports as an error rejects. */
const settled = <T>(
  emitter: {
    once(event: 'error', listener: (error: Error) => void): unknown
    off(event: 'error', listener: (error: Error) => void): unknown
  },
  what: string,
  begin: (done: (value: T) => void) => void,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(systemError(what, error))
    emitter.once('error', fail)
    try {
      begin(value => {
        emitter.off('error', fail)
        resolve(value)
      })
    } catch (error) {
      // Node.js throws at once for some of what it refuses
      fail(error instanceof Error ? error : new Error(String(error)))
    }
  })

const closeUdp = (socket: Socket) =>
  new Promise<void>(resolve => {
    try {
      socket.close(() => resolve())
    } catch {
      // ERR_SOCKET_DGRAM_NOT_RUNNING: it is closed already
      resolve()
    }
  })

/** A UDP socket of Node.js as one of ours. */
const wrapUdp = (native: Socket): UdpSocket => {
  const info = native.address()
  const local = toEndpoint(info.address, info.port)
  const close = () => closeUdp(native)
  // An ICMP error that some systems report here belongs to one datagram, which UDP may lose anyway
  native.on('error', () => undefined)
  return {
    local,
    pinned: pinnedBy(local),
    native,
    send: (bytes, to) =>
      new Promise((resolve, reject) => {
        const what = `sending to ${formatEndpoint(to)}`
        const done = (error: Error | null) => {
          if (error === null) resolve()
          else reject(systemError(what, error))
        }
        try {
          native.send(bytes, to.port, hostOf(to), done)
        } catch (cause) {
          reject(new NetworkError('P2P_SOCKET_CLOSED', `${what}: the socket is closed`, { cause }))
        }
      }),
    onMessage: listener => {
      const heard = (message: Buffer, from: AddressInfo) =>
        listener(new Uint8Array(message), toEndpoint(from.address, from.port))
      native.on('message', heard)
      return { [Symbol.dispose]: () => native.off('message', heard) }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A connection of Node.js as one of ours. */
const wrapTcp = (native: StreamSocket): TcpSocket => {
  let listener: ((bytes: Uint8Array | undefined) => void) | undefined
  const remote = toEndpoint(native.remoteAddress ?? '', native.remotePort ?? 0)
  const local = toEndpoint(native.localAddress ?? '', native.localPort ?? 0)
  const onData = (bytes: Buffer) => listener?.(new Uint8Array(bytes))
  const onEnd = () => listener?.(undefined)
  const onError = () => undefined
  native.on('error', onError)
  const close = () =>
    new Promise<void>(resolve => {
      native.once('close', () => resolve())
      if (native.closed) resolve()
      else native.destroy()
    })
  return {
    local,
    remote,
    native,
    write: bytes => void native.write(bytes),
    onData: next => {
      const wasReading = listener !== undefined
      listener = next
      if (next !== undefined && !wasReading) native.on('data', onData).once('close', onEnd).resume()
      // Handed on as it was found: without our listeners, and paused until the next owner reads
      if (next === undefined) native.off('data', onData).off('close', onEnd).pause()
    },
    unread: bytes => native.unshift(bytes),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** The sockets of this machine. */
export const systemSockets: Sockets = {
  udp: async local => {
    const socket = createSocket(socketType(local))
    try {
      await settled<undefined>(socket, `binding ${formatEndpoint(local)}`, done =>
        socket.bind({ port: local.port, address: hostOf(local) }, () => done(undefined)),
      )
    } catch (error) {
      await closeUdp(socket)
      throw error
    }
    return wrapUdp(socket)
  },

  source: async to => {
    const socket = createSocket(socketType(to))
    try {
      const what = `looking for a way to ${formatEndpoint(to)}`
      return await settled<string>(socket, what, done => {
        // With a callback, an error would go to that instead
        socket.once('connect', () => done(socket.address().address))
        // Connecting a UDP socket only asks the routing table
        socket.connect(to.port === 0 ? 9 : to.port, hostOf(to))
      })
    } finally {
      await closeUdp(socket)
    }
  },

  connect: async (local, to, { signal, timeout = connectTimeout } = {}) => {
    const what = `connecting to ${formatEndpoint(to)}`
    const native = await wait<StreamSocket>({ clock: systemClock, what, signal, timeout }, waiter => {
      const socket = connectTcp({
        host: hostOf(to),
        port: to.port,
        localAddress: hostOf(local),
        ...(local.port === 0 ? {} : { localPort: local.port }),
      })
      let isOpen = false
      socket.once('connect', () => {
        isOpen = true
        waiter.resolve(socket)
      })
      socket.once('error', error => waiter.reject(systemError(what, error)))
      return () => {
        if (!isOpen) socket.destroy()
      }
    })
    return wrapTcp(native)
  },

  listen: async (local, accept) => {
    const accepted = (socket: StreamSocket) => accept(wrapTcp(socket))
    const server = createServer({ pauseOnConnect: true }, accepted)
    await settled<undefined>(server, `listening at ${formatEndpoint(local)}`, done =>
      server.listen({ port: local.port, host: hostOf(local), ipv6Only: local.family === 6 }, () =>
        done(undefined),
      ),
    )
    const info = server.address() as AddressInfo
    // It listens no more at once; the event comes when all connections that it accepted have ended, which are not ours to wait for
    const close = async () => {
      server.close()
    }
    const bound: TcpServer = {
      local: toEndpoint(info.address, info.port),
      close,
      [Symbol.asyncDispose]: close,
    }
    return bound
  },
}
