import { TransportError } from '../errors.ts'
import { systemCode, transportError } from '../socket/system-error.ts'

// What the other end tells when it does not want our certificate, or wants one.
const certificateAlert = /ALERT.*(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/

/** The coded error for one of TLS or of the system below. */
export const tlsError = (what: string, cause: Error): TransportError => {
  const code = systemCode(cause)
  if (certificateAlert.test(code)) {
    const message = `${what}: the other end does not accept our certificate, or wants one`
    return new TransportError('P2P_CERTIFICATE_REFUSED', message, { cause })
  }
  if (/^(?:ERR_SSL_|EPROTO$)/.test(code)) {
    return new TransportError('P2P_PROTOCOL_ERROR', `${what}: ${cause.message}`, { cause })
  }
  return transportError(what, cause)
}

/** The coded error for a certificate that does not prove who the other end is. */
export const certificateError = (what: string, cause: unknown): TransportError => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `${what}: the other end's certificate is refused: ${reason}`
  return new TransportError('P2P_CERTIFICATE_REFUSED', message, { cause })
}
