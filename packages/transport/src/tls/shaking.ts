import type { Server, TlsOptions, TLSSocket } from 'node:tls'
import type { Address } from '@p2p/interfaces'
import { TransportError } from '../errors.ts'
import type { Handshakes } from '../socket/handshakes.ts'
import { nameOf } from '../socket/listener.ts'
import type { Security } from './options.ts'
import { certificateError, tlsError } from './tls-error.ts'

// The longest that a timer can be: the deadline is ours, in our clock.
const never = 2_147_483_647

/** The options of a server of TLS. @throws TransportError `P2P_CERTIFICATE_UNUSABLE` if there is no certificate */
export const serverOptions = (address: Address, security: Security): TlsOptions => {
  if (!security.canListen) {
    const message = `to listen at ${address} needs a certificate and its key`
    throw new TransportError('P2P_CERTIFICATE_UNUSABLE', message)
  }
  return {
    ...security.contextOptions,
    handshakeTimeout: never,
    requestCert: security.requireClientCertificate,
    // Node.js would close such a connection as if all were well.
    rejectUnauthorized: false,
  }
}

/** Cuts whose handshake fails or whose certificate is not to be trusted. @returns whether a socket that has shaken hands may go on */
export const guard = (
  server: Server,
  address: Address,
  { requireClientCertificate }: Security,
  handshakes: Handshakes,
): ((socket: TLSSocket) => boolean) => {
  const what = `a handshake with ${address}`
  const fail = (socket: TLSSocket, error: TransportError) => {
    const name = nameOf(socket)
    if (name !== undefined) handshakes.fail(name, error)
  }
  server.on('tlsClientError', (cause, socket) => fail(socket, tlsError(what, cause)))
  return socket => {
    if (!requireClientCertificate || isProven(socket)) return true
    fail(socket, certificateError(what, socket.authorizationError))
    return false
  }
}

/**
 * Whether a client has a certificate that we trust. A session that is taken up again counts as trusted even if there never was one, so that there is
 * one is asked as well.
 */
const isProven = (socket: TLSSocket) => socket.authorized && socket.getPeerX509Certificate() !== undefined
