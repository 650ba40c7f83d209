/**
 * Time, dice and a network that replay from a seed: whole networks of hosts in one process.
 *
 * @packageDocumentation
 */
export { SimulationError, type SimulationErrorCode } from './errors.ts'
export type { Cut } from './network/cut.ts'
export type { Latency, Loss, MediumOptions } from './network/medium.ts'
export { type NetworkOptions, SimulatedNetwork } from './network/network.ts'
export type { NetworkHost } from './network/network-host.ts'
export { SeededRandom } from './random.ts'
export type { CheckOptions } from './simulation/checks.ts'
export { SimulationFailure } from './simulation/failure.ts'
export {
  type BlockFault,
  type ClockFault,
  type CrashFault,
  drawFaults,
  type Fault,
  type FaultPlan,
  type LossFault,
  type PartitionFault,
  type PauseFault,
  type Recurrence,
} from './simulation/fault.ts'
export type { Boot, HostOptions, Machine, SimulatedHost } from './simulation/host.ts'
export { type RunReport, Simulation, type SimulationOptions } from './simulation/simulation.ts'
export type { TimelineEntry } from './simulation/timeline.ts'
export { EventHash } from './time/event-hash.ts'
export type { Scheduled } from './time/event-queue.ts'
export { HostClock, type HostClockOptions } from './time/host-clock.ts'
export { type RunLimit, VirtualClock, type VirtualClockOptions } from './time/virtual-clock.ts'
