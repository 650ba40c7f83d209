/** Shows what is being done: on a terminal in one line that is written over, elsewhere with a line for the whole case. Nothing ends it. */
export const progressLine = (what: string): ((progress: string) => void) => {
  const { stderr } = process
  if (!stderr.isTTY) {
    stderr.write(`${what} …\n`)
    return () => undefined
  }
  return progress => {
    const line = progress === '' ? '' : `${what}: ${progress}`
    stderr.write(`\r\u001b[K${line.slice(0, stderr.columns - 1)}`)
  }
}
