/**
 * A test suite for each contract, free of any test runner: run the cases with whatever you use.
 *
 * @packageDocumentation
 */
export type { ContractCase } from './case.ts'
export { groupContract } from './group.ts'
export { messengerContract } from './messenger.ts'
export type { ContractNetwork, CreateNetwork } from './network.ts'
