/**
 * Where something can be reached, as `scheme://rest`. The scheme selects the transport; the rest is that transport's own.
 *
 * @example `tcp://127.0.0.1:4444`, `tcp://[::1]:9`, `memory://alice`, `ws://example.org:80/path`
 */
export type Address = `${string}://${string}`
