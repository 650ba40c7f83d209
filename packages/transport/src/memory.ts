/**
 * Streams within one process, for tests, simulations, and nodes that live together. Runs anywhere.
 *
 * @packageDocumentation
 */
export { createMemoryNetwork, type MemoryNetwork } from './memory/network.ts'
export type { MemoryNetworkOptions } from './memory/options.ts'
