/** A hash table of many nodes, all in this process, each with sockets of its own on the loopback interface. */
export interface Table {
  /** Asks node number `node` for what is at a key; `undefined` if it finds nothing. */
  readonly get: (node: number, key: string) => Promise<string | undefined>
  /** Resolves when all who are to hold it have acknowledged it. Each key has one writer. */
  readonly put: (node: number, key: string, value: string) => Promise<void>
  /** Node number `node` leaves in order, and somebody new comes in its place. */
  readonly replace?: (node: number) => Promise<void>
}

/** Brings a table about, and waits until it has settled. It ends with its process. */
export type OpenTable = (nodes: number) => Promise<Table>
