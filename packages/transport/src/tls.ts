/**
 * Streams over TLS with certificates, for Node.js.
 *
 * @packageDocumentation
 */
export { tlsLimits, type Pem, type TlsOptions } from './tls/options.ts'
export { tls } from './tls/transport.ts'
