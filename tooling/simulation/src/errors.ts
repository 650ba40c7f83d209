import { P2PError } from '@p2p/interfaces'

/**
 * Codes of the errors of this package.
 *
 * Of a run:
 * - `P2P_SIMULATION_FAILED`: a check failed, or the code of a host threw; see {@link SimulationFailure}.
 * - `P2P_STUCK`: what is waited for can no longer come, because nothing is left to happen.
 * - `P2P_TIME_STANDS_STILL`: something happens again and again without time passing.
 * - `P2P_TIMEOUT`: what was waited for did not come within the limit of virtual time.
 * - `P2P_ALREADY_RUNNING`: two callers want to move one clock.
 *
 * Of the network, with the meanings that they have in `@p2p/transport`:
 * - `P2P_BAD_ADDRESS`, `P2P_ADDRESS_IN_USE`, `P2P_ADDRESS_NOT_AVAILABLE`, `P2P_HOST_UNKNOWN`, `P2P_HOST_UNREACHABLE`, `P2P_CONNECTION_REFUSED`,
 *   `P2P_CONNECTION_RESET`, `P2P_CONNECTION_CLOSED`, `P2P_CONNECTION_ABORTED`, `P2P_QUEUE_LIMIT`, and `P2P_TIMEOUT` also for a
 *   connection whose segments nobody acknowledges.
 */
export type SimulationErrorCode =
  | 'P2P_SIMULATION_FAILED'
  | 'P2P_STUCK'
  | 'P2P_TIME_STANDS_STILL'
  | 'P2P_TIMEOUT'
  | 'P2P_ALREADY_RUNNING'
  | 'P2P_BAD_ADDRESS'
  | 'P2P_ADDRESS_IN_USE'
  | 'P2P_ADDRESS_NOT_AVAILABLE'
  | 'P2P_HOST_UNKNOWN'
  | 'P2P_CONNECTION_REFUSED'
  | 'P2P_CONNECTION_RESET'
  | 'P2P_CONNECTION_CLOSED'
  | 'P2P_CONNECTION_ABORTED'
  | 'P2P_HOST_UNREACHABLE'
  | 'P2P_QUEUE_LIMIT'

/** What the simulator throws or rejects with. */
export class SimulationError extends P2PError<SimulationErrorCode> {}
