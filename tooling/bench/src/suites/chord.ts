import { type Case, type Contender, field, type Suite, times, within } from '../case.ts'
import { present } from '../peers.ts'
import { TableProcess } from '../tables/table-process.ts'
import type { TableName } from '../tables/tables.ts'

/** Prepares a table in a process of its own. */
const prepare =
  (processes: TableProcess[], name: TableName, nodes: number, keys: number) =>
  async (): Promise<Contender['measure']> => {
    const table = new TableProcess(name, nodes, keys)
    processes.push(table)
    await table.tell('open')
    return () => table.tell('measure')
  }

const steady: Case = {
  name: '50 nodes in one process, plain',
  metrics: { get: 'ms, p50', gets: '1/s, 32 in flight', put: 'ms, p50, all acknowledged' },
  bars: [within('get', 'hyperdht', 0.25), times('gets', 'hyperdht', 6), within('put', 'hyperdht', 0.25)],
  mostRuns: 5,
  open: async () => {
    const processes: TableProcess[] = []
    const one = (name: TableName, keys: number) => prepare(processes, name, 50, keys)
    const { contenders, absent } = await present({
      ours: one('ours', 200),
      hyperdht: one('hyperdht', 200),
      'kad-dht': one('kad-dht', 20),
      'limit: a request over mesh': one('limit: a request over mesh', 200),
      'limit: a line over a bare socket': one('limit: a line over a bare socket', 200),
    })
    return field(contenders, {
      absent,
      close: () => {
        for (const each of processes) each.close()
      },
    })
  },
}

/** A table that lives for one turn. */
const replaced = (name: TableName, nodes: number, keys: number): Contender => ({
  subject: name,
  measure: async () => {
    const table = new TableProcess(name, nodes, keys)
    try {
      await table.tell('open')
      return await table.tell('replaceAll')
    } finally {
      table.close()
    }
  },
})

const members = 12

const turnover: Case = {
  name: `every one of ${members} nodes replaced, one by one, by leaving in order`,
  metrics: {
    kept: 'of the keys at the end',
    read: 'of the reads meanwhile that found what was written',
    took: 'ms a replacement',
  },
  bars: [
    { metric: 'kept', by: 'value', atLeast: 1 },
    { metric: 'read', by: 'value', atLeast: 1 },
  ],
  mostRuns: 1,
  open: () =>
    field([
      replaced('ours', members, 30),
      replaced('hyperdht', members, 30),
      replaced('kad-dht', members, 30),
    ]),
}

export const chord: Suite = {
  name: 'chord',
  about: 'hash tables of many nodes, each table in one process with real sockets',
  cases: [steady, turnover],
}
