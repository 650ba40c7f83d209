import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Sample } from '../case.ts'
import { nodeFlags } from '../node-flags.ts'
import type { Answer, Order } from './end.ts'
import type { TableName } from './tables.ts'

/** A table in a process of its own, so that what one does to keep itself up takes no time from another that is measured. */
export class TableProcess {
  readonly #child: ChildProcess

  constructor(name: TableName, nodes: number, keys: number) {
    const program = fileURLToPath(new URL('table.js', import.meta.url))
    const more = (process.env['BENCH_END_FLAGS'] ?? '').split(' ').filter(flag => flag !== '')
    this.#child = fork(program, [name, String(nodes), String(keys)], { execArgv: [...nodeFlags, ...more] })
  }

  /** @throws what went wrong there */
  tell(order: Order): Promise<Sample> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      const ended = (code: number | null) => reject(new Error(`its process ended with ${code ?? 'a signal'}`))
      child.once('exit', ended)
      child.once('message', ({ sample, error }: Answer) => {
        child.off('exit', ended)
        if (sample === undefined) reject(new Error(error))
        else resolve(sample)
      })
      child.send(order)
    })
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect()
  }
}
