import { type Bar, type Case, type Contender, type Field, field, type Suite, times, within } from '../case.ts'
import { present } from '../peers.ts'
import type { Order } from '../tables/end.ts'
import { TableProcess } from '../tables/table-process.ts'
import type { Parting } from '../tables/table.ts'
import type { TableName } from '../tables/tables.ts'

/** Tables of some nodes, each in a process of its own, all of which end with the case. */
const tablesOf = async (
  nodes: number,
  order: Order,
  keys: Readonly<Partial<Record<TableName, number>>>,
): Promise<Field> => {
  const processes: TableProcess[] = []
  const prepare = (name: TableName, count: number) => async (): Promise<Contender['measure']> => {
    const table = new TableProcess(name, nodes, count)
    processes.push(table)
    await table.tell('open')
    return () => table.tell(order)
  }
  const close = () => {
    for (const each of processes) each.close()
  }
  const all: Record<string, ReturnType<typeof prepare>> = {}
  for (const [name, count] of Object.entries(keys)) all[name] = prepare(name as TableName, count)
  try {
    const { contenders, absent } = await present(all)
    return field(contenders, { absent, close })
  } catch (error) {
    close()
    throw error
  }
}

const steady: Omit<Case, 'name' | 'bars' | 'open'> = {
  metrics: {
    get: 'ms, p50',
    gets: '1/s, 32 in flight',
    put: 'ms, p50, all acknowledged',
    found: 'of the reads gave what was written last',
  },
}
const allFound: Bar = { metric: 'found', by: 'value', atLeast: 1 }

const besideHyperdht: Case = {
  ...steady,
  name: '50 nodes in one process, plain',
  bars: [
    within('get', 'hyperdht', 0.25),
    times('gets', 'hyperdht', 6),
    within('put', 'hyperdht', 0.25),
    allFound,
  ],
  open: () =>
    tablesOf(50, 'measure', {
      ours: 200,
      hyperdht: 200,
      'limit: a request over mesh': 200,
      'limit: a line over a bare socket': 200,
    }),
}

/** Apart, because it takes half of a processor to keep itself up, and a fifth of a second for a key. */
const besideKadDht: Case = {
  ...steady,
  name: '50 nodes in one process, beside kad-dht',
  mostRuns: 3,
  bars: [allFound],
  open: () => tablesOf(50, 'measure', { ours: 20, 'kad-dht': 20 }),
}

/** As few as there are with more than one copy of five tables, for hyperdht takes its time over each. */
const members = 8
const kept = 30

const turnover = (how: Parting, words: string): Case => ({
  name: `every one of ${members} nodes replaced, one by one, ${words}`,
  metrics: {
    lost: `of ${kept} keys at the end`,
    failed: `of ${members * kept} reads meanwhile`,
    took: 'ms a replacement',
  },
  bars: [
    { metric: 'lost', by: 'value', atMost: 0 },
    { metric: 'failed', by: 'value', atMost: 0 },
  ],
  mostRuns: 1,
  isCold: true,
  // hyperdht and kad-dht take minutes for all of them.
  longestTurn: 900_000,
  open: () => tablesOf(members, how, { ours: kept, hyperdht: kept, 'kad-dht': kept }),
})

export const chord: Suite = {
  name: 'chord',
  about: 'hash tables of many nodes, each table in one process with real sockets',
  cases: [
    besideHyperdht,
    besideKadDht,
    turnover('leave', 'by leaving in order'),
    turnover('crash', 'by crashing, each when the others have made up for the last'),
  ],
}
