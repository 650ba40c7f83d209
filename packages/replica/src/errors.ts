import { P2PError } from '@p2p/interfaces'

/**
 * - `P2P_STAMP_AHEAD`: a stamp is further ahead of this node's wall clock than is tolerated
 * - `P2P_VALUE_TOO_LARGE`: a value takes more bytes than the limit
 */
export type ReplicaErrorCode = 'P2P_STAMP_AHEAD' | 'P2P_VALUE_TOO_LARGE'

/** What this package throws, beside `TypeError` for what is no value at all. */
export class ReplicaError extends P2PError<ReplicaErrorCode> {}
