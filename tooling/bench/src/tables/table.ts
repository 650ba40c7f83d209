/** How a node goes. */
export type Parting = 'leave' | 'crash'

/** A hash table of many nodes, all in this process, each with sockets of its own on the loopback interface. */
export interface Table {
  /** Asks node number `node` for what is at a key; `undefined` if it finds nothing. */
  readonly get: (node: number, key: string) => Promise<string | undefined>
  /** Resolves when all who are to hold it have acknowledged it. Each key has one writer. */
  readonly put: (node: number, key: string, value: string) => Promise<void>
  /** Node number `node` goes, in order or as if it had crashed, and somebody new comes in its place; after a crash, when the others have made up for it. */
  readonly replace?: (node: number, how: Parting) => Promise<void>
}

/** Brings a table about, and waits until it has settled. It ends with its process. */
export type OpenTable = (nodes: number) => Promise<Table>
