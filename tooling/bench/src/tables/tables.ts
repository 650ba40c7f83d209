import { openHyperdht } from './hyperdht.ts'
import { openKadDht } from './kad-dht.ts'
import { openMeshLimit, openSocketLimit } from './one-hop.ts'
import { openOurs } from './ours.ts'
import type { OpenTable } from './table.ts'

export type TableName =
  'ours' | 'hyperdht' | 'kad-dht' | 'limit: a request over mesh' | 'limit: a line over a bare socket'

/** All tables, by the names of their subjects. */
export const tables: Readonly<Record<TableName, OpenTable>> = {
  ours: openOurs,
  hyperdht: openHyperdht,
  'kad-dht': openKadDht,
  'limit: a request over mesh': openMeshLimit,
  'limit: a line over a bare socket': openSocketLimit,
}
