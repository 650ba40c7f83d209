/** Turns values into bytes and back. Contract suite: `codecContract`. */
export interface Codec<T = unknown> {
  /** @returns bytes of the caller's own. @throws `TypeError` for what the codec cannot represent, `P2P_NOT_ENCODABLE` beyond its limits */
  encode(value: T): Uint8Array
  /** Keeps no reference to `bytes`. @throws `P2P_NOT_DECODABLE` for all that `encode` would not have made */
  decode(bytes: Uint8Array): T
}
