/** Chunks as messages of at most `limit` bytes: as few as go, whatever the chunks are. A chunk that becomes a message of its own is not copied. */
export const messagesOf = (chunks: readonly Uint8Array[], limit: number): readonly Uint8Array[] => {
  const messages: Uint8Array[] = []
  let run: Uint8Array[] = []
  let length = 0
  const close = () => {
    const [first] = run
    if (first !== undefined) messages.push(run.length === 1 ? first : join(run, length))
    run = []
    length = 0
  }
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += limit) {
      const part = chunk.length <= limit ? chunk : chunk.subarray(start, start + limit)
      if (length + part.length > limit) close()
      run.push(part)
      length += part.length
    }
  }
  close()
  return messages
}

const join = (chunks: readonly Uint8Array[], length: number): Uint8Array => {
  const joined = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    joined.set(chunk, offset)
    offset += chunk.length
  }
  return joined
}
