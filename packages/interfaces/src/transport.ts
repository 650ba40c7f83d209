import type { Address } from './address.ts'
import type { Connection } from './connection.ts'
import type { WaitOptions } from './wait-options.ts'

/** An open door: it accepts connections until it is closed. Closing it does not close the connections that it accepted. */
export interface Listener extends AsyncDisposable {
  /** Where it really listens: a port 0 that was asked for is the real port here. */
  readonly address: Address
  /** Where others can reach it: {@link address}, or, where that is a wildcard such as `0.0.0.0`, the machine's own addresses, best first. */
  readonly reachable: readonly Address[]
  /** Stops accepting and frees the address. Idempotent. */
  close(): Promise<void>
  /** Resolves when the listener has ended, with the error that ended it, if one did. */
  readonly closed: Promise<CloseReason>
}

/** Why a listener ended. */
export interface CloseReason {
  readonly error?: Error
}

/**
 * Makes connections of one scheme. It knows addresses and bytes, and nothing of what is above. Contract suite: `transportContract`.
 */
export interface Transport {
  /** The scheme of the addresses that it understands, without `://`. */
  readonly scheme: string

  /**
   * Opens a connection. Default deadline 10 000 ms.
   *
   * @throws an error of the family: `P2P_BAD_ADDRESS`, `P2P_CONNECTION_REFUSED`, `P2P_HOST_UNKNOWN`, `P2P_HOST_UNREACHABLE`,
   * `P2P_TIMEOUT`, `P2P_ABORTED`, …
   */
  dial(address: Address, options?: WaitOptions): Promise<Connection>

  /**
   * Accepts connections at an address. `accept` is called once per connection, in order of arrival. If it throws, that connection is aborted and the listener lives on.
   * Default deadline 10 000 ms.
   *
   * @throws an error of the family: `P2P_BAD_ADDRESS`, `P2P_ADDRESS_IN_USE`, `P2P_ADDRESS_NOT_AVAILABLE`, `P2P_ABORTED`, …
   */
  listen(address: Address, accept: (connection: Connection) => void, options?: WaitOptions): Promise<Listener>
}
