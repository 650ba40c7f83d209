/**
 * Time, dice and a network that replay from a seed: whole networks of hosts in one process.
 *
 * @packageDocumentation
 */
export { SimulationError, type SimulationErrorCode } from './errors.ts'
export type { Cut } from './network/cut.ts'
export type { Latency, Loss, MediumOptions } from './network/medium.ts'
export { SimulatedNetwork, type NetworkOptions } from './network/network.ts'
export type { NetworkHost } from './network/network-host.ts'
export { SeededRandom } from './random.ts'
export { EventHash } from './time/event-hash.ts'
export type { Scheduled } from './time/event-queue.ts'
export { HostClock, type HostClockOptions } from './time/host-clock.ts'
export { type RunLimit, VirtualClock, type VirtualClockOptions } from './time/virtual-clock.ts'
