import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { TransportError } from '../errors.ts'
import { positive } from '../limits.ts'
import type { TcpOptions } from '../tcp/options.ts'

/** One certificate, key or chain, or several, in the PEM format. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[]

/** What TLS is to be proven with. */
export interface Credentials {
  /** Our certificate, followed by those between it and its authority. A listener needs one; a dialler shows it to who asks. */
  readonly cert?: Pem
  /** The key of our certificate. */
  readonly key?: Pem
  /** Decrypts the key. */
  readonly passphrase?: string
  /**
   * The authorities that we trust to say who the other end is.
   *
   * @default those that Node.js comes with
   */
  readonly ca?: Pem
  /**
   * Whether a listener asks who dials for a certificate of one of its authorities, and refuses who has none.
   *
   * @default false
   */
  readonly requireClientCertificate?: boolean
  /**
   * The name that the certificate of who is dialled must have.
   *
   * @default the host of the address
   */
  readonly serverName?: string
  /**
   * The oldest version of TLS that is spoken.
   *
   * @default 'TLSv1.3'
   */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /**
   * Milliseconds that who was accepted may take for the handshake. Until then it counts among `maxConnections`.
   *
   * @default 5000
   */
  readonly handshakeTimeout?: number
}

/** Options of `tls()`. */
export interface TlsOptions extends TcpOptions, Credentials {}

/** Limits that TLS adds to those of TCP, where nothing else is said. */
export const tlsLimits: Required<Pick<TlsOptions, 'handshakeTimeout'>> = {
  // Two round trips; a client on the other side of the world with one packet lost needs two seconds.
  handshakeTimeout: 5_000,
}

/** Credentials ready for use. */
export interface Security {
  /** What a server of Node.js wants, which makes its own context. */
  readonly contextOptions: SecureContextOptions
  readonly context: SecureContext
  readonly serverName: string | undefined
  readonly requireClientCertificate: boolean
  readonly handshakeTimeout: number
  /** Whether there is a certificate to listen with. */
  readonly canListen: boolean
}

/** @throws TransportError `P2P_CERTIFICATE_UNUSABLE` @throws RangeError */
export const securityFrom = (options: Credentials): Security => {
  const { cert, key, passphrase, ca, minVersion = 'TLSv1.3' } = options
  if ((cert === undefined) !== (key === undefined)) {
    throw new TransportError(
      'P2P_CERTIFICATE_UNUSABLE',
      'a certificate needs its key, and a key its certificate',
    )
  }
  const given: SecureContextOptions = {
    minVersion,
    ...(cert !== undefined && key !== undefined && { cert: pem(cert), key: pem(key) }),
    ...(ca !== undefined && { ca: pem(ca) }),
    ...(passphrase !== undefined && { passphrase }),
  }
  return {
    contextOptions: given,
    context: contextFrom(given),
    serverName: options.serverName,
    requireClientCertificate: options.requireClientCertificate ?? false,
    handshakeTimeout: positive('handshakeTimeout', options.handshakeTimeout ?? tlsLimits.handshakeTimeout),
    canListen: cert !== undefined,
  }
}

const contextFrom = (given: SecureContextOptions): SecureContext => {
  try {
    return createSecureContext(given)
  } catch (cause) {
    const message = `the certificate, its key, or the authorities cannot be used: ${cause instanceof Error ? cause.message : ''}`
    throw new TransportError('P2P_CERTIFICATE_UNUSABLE', message, { cause })
  }
}

const pem = (given: Pem): (string | Buffer)[] =>
  (typeof given === 'string' || given instanceof Uint8Array ? [given] : given).map(part =>
    typeof part === 'string' ? part : Buffer.from(part.buffer, part.byteOffset, part.length),
  )
