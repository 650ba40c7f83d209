import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What one input may cost: so much, and so much per byte. A machine that is busy or collects garbage makes things slower, so a dear input is tried again. */
const costLimits = {
  milliseconds: 100,
  millisecondsPerByte: 0.02,
  bytes: 32 * 2 ** 20,
  bytesPerByte: 1024,
}

/** What keeps growing with the number of inputs is a leak: what a target may hold at its end more than after its first tenth, in bytes. */
export const growthLimit: number = 24 * 2 ** 20

const tries = 3

const collectOnce = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

/** The memory of arrays is given back in the background; a second collection waits for that. */
const collect = () => {
  collectOnce()
  collectOnce()
}

/** Bytes in use, as it can be asked for every input. */
const used = () => {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}

/** Feeds an input and watches what it costs. @throws what it throws, or that it costs too much however often it is tried */
export const metered = async <T>(feed: () => T | Promise<T>, length: number): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    // Otherwise what the last attempt has left would be cleared away in this one
    if (attempt > 1) collect()
    const memory = used()
    const begin = performance.now()
    const fed = feed()
    const result = fed instanceof Promise ? await fed : fed
    const milliseconds = performance.now() - begin
    const bytes = used() - memory
    const tooLong = milliseconds > costLimits.milliseconds + costLimits.millisecondsPerByte * length
    const tooMuch = bytes > costLimits.bytes + costLimits.bytesPerByte * length
    if (!tooLong && !tooMuch) return result
    if (attempt === tries) {
      const cost = tooLong ? `${milliseconds.toFixed(0)} ms` : `${(bytes / 2 ** 20).toFixed(0)} MiB`
      throw new Error(`${length} bytes cost ${cost}`)
    }
  }
}

/** Bytes that are still needed. */
export const held = (): number => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
