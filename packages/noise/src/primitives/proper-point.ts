/** The prime of Curve25519's field. */
const p = 2n ** 255n - 19n

/** The y of two of the four points of order 8; the other two have its negative. */
const ofOrderEight = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n

/** The y of the eight points whose order divides the cofactor 8: orders 1, 2, 4, 8. The sign of x is all that differs where two share one. */
const ofSmallOrder: ReadonlySet<bigint> = new Set([1n, p - 1n, 0n, ofOrderEight, p - ofOrderEight])

/**
 * Whether these bytes may be an Ed25519 public key, or the R of a signature: 32 of them, y encoded in its one canonical way, and no point of small order. Whoever names a
 * key of small order needs no secret key: what it signs is what OpenSSL takes for a signature of any message. An R of small order is no honest signer's, and
 * OpenSSL 3.0 takes it where 3.5 does not. RFC 8032 §5.1.3 forbids y ≥ p, but OpenSSL takes it in a key. Every build asks this first, for all must agree on who is who. Whether
 * it is a point at all is for the verification to say.
 */
export const isProperPoint = (bytes: Uint8Array): boolean => {
  if (bytes.length !== 32) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, 32)
  let y = view.getBigUint64(24, true)
  for (const at of [16, 8, 0]) y = (y << 64n) | view.getBigUint64(at, true)
  // Without the sign of x
  y = BigInt.asUintN(255, y)
  return y < p && !ofSmallOrder.has(y)
}
