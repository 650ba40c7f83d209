/** Bytes of entries in a broadcast, a page or a push, about. A single entry that is larger travels alone. */
export const pageSize: number = 256 * 1024

/** Prefixes in one request for ranges or hashes: the reply to the former is about 16 KiB. */
export const prefixesAtOnce = 64

/** Below a prefix with no more hashes than this on both sides together, the hashes themselves are compared. */
export const fewHashes = 32

/** Hashes that are listed below one prefix. More are there only if the table grew meanwhile, or somebody asks for too short a prefix. */
export const hashesBelow = 1024

/** Hashes in one request for their entries. */
export const hashesAtOnce = 1024

/** Catchings-up that other nodes drive at the same time; the one that rested longest gives way. */
export const sessions = 64

/** Milliseconds after which a catching-up that rests is forgotten. */
export const sessionIdle = 60_000
