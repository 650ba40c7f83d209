/**
 * Where others can reach what listens on this machine: the announcer of `@p2p/mesh`.
 *
 * @packageDocumentation
 */
export {
  type AnnounceReport,
  type AnnounceTask,
  autoAnnounce,
  type AutoAnnounceOptions,
} from './announce/auto.ts'
export type { Listening } from './core/addresses.ts'
