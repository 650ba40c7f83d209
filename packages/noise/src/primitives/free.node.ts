import { MessageChannel, type MessagePort } from 'node:worker_threads'

/** From this many bytes on it pays. */
const worthFreeing = 8_192

/** ES2024, from Node.js 22 on. */
type Transferable = ArrayBuffer & { readonly transfer?: (length: number) => ArrayBuffer }

/**
 * Frees the memory of a view that is all of its buffer and that nobody looks at any more: whoever still does sees it empty.
 *
 * `update` of a cipher returns fresh memory each time. Left to the collector it is collected as often as there are 32 MiB of it, all of the heap with it: with records of 64 KiB
 * that took half of the processor's time. Before Node.js 22 a buffer is freed by sending it to a port that is closed.
 */
export const free = ({ buffer, length }: Uint8Array): void => {
  if (length < worthFreeing || buffer.byteLength !== length || !(buffer instanceof ArrayBuffer)) return
  const { transfer } = buffer as Transferable
  if (transfer !== undefined) transfer.call(buffer, 0)
  else nowhere?.postMessage(undefined, [buffer])
}

const closedPort = (): MessagePort => {
  const { port1, port2 } = new MessageChannel()
  port2.close()
  return port1
}

// It is closed only when this turn is over, and until then would keep what it is sent
const nowhere = 'transfer' in ArrayBuffer.prototype ? undefined : closedPort()
