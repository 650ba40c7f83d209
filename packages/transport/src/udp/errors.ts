import { P2PError } from '@p2p/interfaces'

/**
 * Codes of errors that only datagrams have. All others are those of `TransportErrorCode`.
 *
 * - `P2P_DATAGRAM_TOO_LONG`: longer than UDP can carry, or than the network towards that host takes in one piece.
 * - `P2P_NO_DESTINATION`: a socket that is connected with nobody was not told where to send.
 */
export type UdpErrorCode = 'P2P_DATAGRAM_TOO_LONG' | 'P2P_NO_DESTINATION'

/** What a socket of UDP throws or tells beside the errors of all transports. */
export class UdpError extends P2PError<UdpErrorCode> {}
