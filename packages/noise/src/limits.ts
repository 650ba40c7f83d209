/** Longest record on the wire, in bytes, its two bytes of length included: a slab. Noise allows 65 535 for the rest of it. */
export const maxRecord = 65_536

/** Bytes that a record adds to what it carries: its length and its tag. */
export const recordOverhead = 18

/** Longest content of a record, in bytes. */
export const maxContent: number = maxRecord - recordOverhead

/**
 * Records after which each direction takes a new key: at most 256 MiB. Far below any bound of ChaCha20-Poly1305, and often enough that a
 * key found in memory opens little of what was sent before.
 */
export const rekeyAfter = 4_096

/** Longest hello, in bytes. What a stranger can make us keep before it has proved anything is little more than that. */
export const maxHello = 4_096

/** Longest body of a handshake message, in bytes: keys, tags, proof and hello. */
export const maxBody: number = 32 + 48 + 96 + maxHello + 16

/** Milliseconds that a handshake may take where nothing else is said: three lost segments are survived. */
export const handshakeTimeout = 5_000

/** Milliseconds for which we try to tell the other end why we refuse it. */
export const refusalTimeout = 1_000

/** Milliseconds that the flush of an ending connection may take, as in transports. */
export const closeTimeout = 5_000

/** Bytes that may wait to be sealed, above which a writer that ignores back-pressure loses the connection; as in transports. */
export const queueLimit = 67_108_864
