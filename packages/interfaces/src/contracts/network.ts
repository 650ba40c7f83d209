import type { Contact, Incoming, Messenger } from '../messenger.ts'
import type { ContractCase } from './case.ts'
import { ContractViolation } from './check.ts'

/** A network of a few nodes, made by the implementation under test for the suites of `Messenger` and `Group`. */
export interface ContractNetwork<Node extends Messenger> extends AsyncDisposable {
  /** The nodes that were asked for. Each can reach each other when the network is handed over. */
  readonly nodes: readonly Node[]
  /** A well-formed contact of a node that does not exist. */
  readonly stranger: Contact
  /** Adds one node more, and resolves when it and the others can reach each other. */
  add(): Promise<Node>
  /** Ends a node of this network, and resolves when it is gone. */
  remove(node: Node): Promise<void>
  /**
   * Resolves when nothing is on its way any more: what was sent has been handed to its handler or dropped, and what can go on has gone on.
   * A request whose handler has not answered yet does not keep it from resolving.
   */
  settle(): Promise<void>
  /** Lets this much of the nodes' time pass, in milliseconds: moves their clock, or waits where it is the machine's. */
  elapse(milliseconds: number): Promise<void>
}

/** Makes a network of `count` nodes. It is called once per case, and the case disposes of the network. */
export type CreateNetwork<Node extends Messenger> = (count: number) => Promise<ContractNetwork<Node>>

/** The protocol of all messages of the suites. */
export const protocol = '/contract/1/messages'

/** A case with a network of its own. */
export const networkCase = <Node extends Messenger>(
  create: CreateNetwork<Node>,
  count: number,
  name: string,
  body: (network: ContractNetwork<Node>) => Promise<void>,
): ContractCase => ({
  name,
  run: async () => {
    await using network = await create(count)
    await body(network)
  },
})

/** The node at this place. */
export const at = <Node extends Messenger>({ nodes }: ContractNetwork<Node>, index: number): Node => {
  const node = nodes[index]
  if (node === undefined) throw new ContractViolation(`create() made ${nodes.length} nodes, too few`)
  return node
}

/** Handles the suite's protocol and keeps every message that came. */
export const record = (
  node: Messenger,
  answer: (message: Incoming) => unknown = () => undefined,
): readonly Incoming[] => {
  const messages: Incoming[] = []
  node.handle(protocol, message => {
    messages.push(message)
    return answer(message)
  })
  return messages
}

/** The only message that came. @throws ContractViolation when it was another number */
export const only = (messages: readonly Incoming[]): Incoming => {
  const [message] = messages
  if (message === undefined || messages.length !== 1) {
    throw new ContractViolation(`a message is delivered once: it came ${messages.length} times`)
  }
  return message
}

/** Calls, and returns what was thrown. @throws ContractViolation when nothing was, also when it is rejected with instead */
export const thrownBy = (call: () => unknown, what: string): unknown => {
  let result: unknown
  try {
    result = call()
  } catch (error) {
    return error
  }
  // The violation tells it all: a rejection must not end the process beside it.
  if (result instanceof Promise) result.catch(() => undefined)
  throw new ContractViolation(`${what}: nothing was thrown`)
}
