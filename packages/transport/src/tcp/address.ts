import type { Address } from '@p2p/interfaces'
import { type Endpoint, formatEndpoint, parseEndpoint } from '../endpoint.ts'

/**
 * Takes `tcp://HOST:PORT` apart: `tcp://127.0.0.1:4444`, `tcp://[::1]:9`, `tcp://[fe80::1%eth0]:9`, `tcp://example.org:80`. Nothing may
 * follow the port, and the port may not be left out.
 *
 * @throws TransportError `P2P_BAD_ADDRESS`
 */
export const parseTcpAddress = (address: Address): Endpoint => parseEndpoint('tcp', address)

/** Puts an endpoint into words: the inverse of {@link parseTcpAddress}. */
export const formatTcpAddress = (endpoint: Endpoint): Address => formatEndpoint('tcp', endpoint)
