/**
 * The parts of a dictionary, for the simulator, which plants bugs in them to see whether its checks catch them. Not published: this entry exists in the workspace only.
 *
 * @packageDocumentation
 */
export { Leases } from './core/leases.ts'
export { Replica } from './core/replica.ts'
export { Table } from './core/table.ts'
export { Teller } from './teller.ts'
