/**
 * A test suite for each contract, free of any test runner: run the cases with whatever you use.
 *
 * @packageDocumentation
 */
export type { ContractCase } from './case.ts'
export { codecContract, type CodecSamples } from './codec.ts'
export { connectionContract, type ConnectionPair, type CreatePair } from './connection.ts'
export { framingContract, type FramingContractOptions } from './framing.ts'
export { groupContract } from './group.ts'
export { messengerContract } from './messenger.ts'
export type { ContractNetwork, CreateNetwork } from './network.ts'
export { transportContract, type TransportSubject } from './transport.ts'
