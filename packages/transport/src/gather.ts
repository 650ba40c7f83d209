/**
 * Chunks shorter than this many bytes are copied together. Longer ones are handed to the system as they are: from a few KiB on, copying costs
 * more than one more entry of a `writev`.
 */
const copyBelow = 4_096

/** The same bytes in as few chunks as is cheap: runs of short chunks become one, long ones stay as they are. */
export const gather = (chunks: readonly Uint8Array[]): readonly Uint8Array[] => {
  const gathered: Uint8Array[] = []
  let index = 0
  while (index < chunks.length) {
    const start = index
    let length = 0
    for (let next = chunks[index]; next !== undefined && next.length < copyBelow; next = chunks[++index]) {
      length += next.length
    }
    if (index - start > 1) {
      const run = Buffer.allocUnsafe(length)
      let offset = 0
      for (let copied = start; copied < index; copied++) {
        const chunk = chunks[copied] as Uint8Array
        run.set(chunk, offset)
        offset += chunk.length
      }
      gathered.push(run)
    } else {
      gathered.push(chunks[index === start ? index++ : start] as Uint8Array)
    }
  }
  return gathered
}
