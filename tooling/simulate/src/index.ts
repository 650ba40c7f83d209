/**
 * Networks of production nodes for scenarios of one's own.
 *
 * @packageDocumentation
 */
export { network, type NetworkOptions, type Node, type NodeHost, type SimulatedNodes } from './network.ts'
