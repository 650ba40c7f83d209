import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline'

/** Lines in and out: with a prompt on a terminal, without one through a pipe. */
export class Terminal {
  /** Whether a person types. */
  readonly interactive: boolean = process.stdin.isTTY && process.stdout.isTTY
  #input: Interface | undefined
  #running: AbortController | undefined

  /** Answers and messages. */
  print(line: string): void {
    this.#write(process.stdout, line)
  }

  /** All else. */
  notice(line: string): void {
    this.#write(process.stderr, line)
  }

  /** Calls what may take long. Ctrl-C breaks it off, and not this node, which is otherwise what it ends. */
  async whileRunning<T>(outer: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = new AbortController()
    this.#running = running
    try {
      return await work(AbortSignal.any([outer, running.signal]))
    } finally {
      this.#running = undefined
    }
  }

  /** The lines of the input, until it ends or the signal is aborted. The next one is asked for when the loop comes back. */
  async *lines(signal: AbortSignal): AsyncGenerator<string> {
    const { interactive } = this
    const input = createInterface({
      input: process.stdin,
      terminal: interactive,
      prompt: '> ',
      ...(interactive ? { output: process.stdout } : {}),
    })
    const close = () => input.close()
    // On a terminal readline takes Ctrl-C before it becomes a signal
    input.on('SIGINT', () => {
      if (this.#running === undefined) close()
      else this.#running.abort(new Error('Ctrl-C'))
    })
    signal.addEventListener('abort', close)
    this.#input = interactive ? input : undefined
    try {
      if (signal.aborted) close()
      else this.#input?.prompt()
      for await (const line of input) {
        yield line
        this.#input?.prompt()
      }
    } finally {
      signal.removeEventListener('abort', close)
      this.#input = undefined
      close()
    }
  }

  /** What arrives while somebody types goes above the line that is being typed. */
  #write(stream: NodeJS.WriteStream, line: string): void {
    if (this.#input !== undefined) {
      clearLine(process.stdout, 0)
      cursorTo(process.stdout, 0)
    }
    stream.write(`${line}\n`)
    this.#input?.prompt(true)
  }
}
