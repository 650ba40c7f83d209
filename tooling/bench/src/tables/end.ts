// A process with all nodes of one table: `table.js NAME NODES KEYS`. It does what the runner tells it, one thing at a time, and ends with it.
import type { Sample } from '../case.ts'
import { type TableName, tables } from './tables.ts'
import type { Parting } from './table.ts'
import { Work } from './work.ts'

export type Order = 'open' | 'measure' | Parting
export interface Answer {
  readonly sample?: Sample
  readonly error?: string
}

const [name, nodes, keys] = process.argv.slice(2)
let work: Work | undefined

const carryOut = async (order: Order): Promise<Sample> => {
  if (order !== 'open') {
    if (work === undefined) throw new Error('the table is not open')
    return order === 'measure' ? work.measure() : work.replaceAll(order)
  }
  work = new Work(await tables[name as TableName](Number(nodes)), Number(nodes), Number(keys))
  await work.begin()
  return {}
}

process.on('disconnect', () => process.exit())
process.on('message', (order: Order) => {
  globalThis.gc?.()
  const answer = (message: Answer): void => void process.send?.(message)
  carryOut(order).then(
    sample => answer({ sample }),
    (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }),
  )
})
