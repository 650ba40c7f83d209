import { type ChildProcess, spawn } from 'node:child_process'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { CommandName, Commands, Figures, FromProcess, Work } from './protocol.ts'

/** What the parent is told without having asked. */
export interface ProcessListener {
  /** Files and bytes since the last call. */
  progress(work: Work, files: number, bytes: number): void
  figures(figures: Figures): void
  trouble(message: string): void
  /** The node has turned somebody away. */
  refused(code: string, text: string): void
  /** A line that the process wrote to stderr. */
  complaint(line: string): void
  /** The process is no more. */
  ended(end: ProcessEnd): void
}

/** How long a reply is waited for. */
export interface Patience {
  readonly signal: AbortSignal
  /** Milliseconds without any sign of progress after which the process is given up. */
  readonly stall: number
}

/** How a process ended. */
export interface ProcessEnd {
  /** What ended it from outside. */
  readonly signal: NodeJS.Signals | null
  /** In words, after the process's name. */
  readonly text: string
}

interface Waiting {
  readonly what: string
  resolve(reply: unknown): void
  reject(error: Error): void
  /** Something has moved: the deadline begins anew. */
  touch(): void
}

/** It lies beside this program, as a source or in a bundle. */
const program = fileURLToPath(new URL(`worker${extname(import.meta.url)}`, import.meta.url))

/** A process of the demo as its parent sees it: it starts at once, and ends with its IPC channel at the latest. */
export class NodeProcess {
  /** `node 3`. */
  readonly name: string
  /** Resolves, with how it ended, when the process is no more. */
  readonly ended: Promise<ProcessEnd>
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #end: ProcessEnd | undefined
  #leaving = false
  #commands = 0

  constructor(name: string, listener: ProcessListener) {
    this.name = name
    // The same Node.js flags as here, so that it too runs from source
    const child = spawn(process.execPath, [...process.execArgv, program], {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    this.#child = child
    if (child.stderr !== null)
      createInterface({ input: child.stderr }).on('line', line => listener.complaint(line))
    this.ended = new Promise(resolve => {
      const end = (text: string, signal: NodeJS.Signals | null) => {
        this.#end ??= { signal, text }
        for (const waiting of Array.from(this.#waiting.values())) {
          waiting.reject(new Error(`${name} ${text} while it was to ${waiting.what}`))
        }
        listener.ended(this.#end)
        resolve(this.#end)
      }
      child.on('error', error => {
        if (child.pid === undefined) end(`could not be started (${error.message})`, null)
        else listener.trouble(error.message)
      })
      child.once('exit', (code, signal) => {
        end(signal === null ? `ended with exit code ${code ?? 0}` : `was ended by ${signal}`, signal)
      })
    })
    child.on('message', message => this.#receive(message as FromProcess, listener))
  }

  get isAlive(): boolean {
    return this.#end === undefined
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Has the process do something. `what` completes `node 3 did not …`. @throws if it fails, ends, stalls, or the signal is aborted */
  ask<Name extends CommandName>(
    name: Name,
    command: Commands[Name]['command'],
    what: string,
    { signal, stall }: Patience,
  ): Promise<Commands[Name]['reply']> {
    const id = this.#commands++
    let timer: NodeJS.Timeout | undefined
    let abort: () => void
    return new Promise<Commands[Name]['reply']>((resolve, reject) => {
      const touch = () => {
        clearTimeout(timer)
        timer = setTimeout(() => {
          reject(new Error(`${this.name} did not ${what}: it has not moved for ${stall / 1000} s`))
        }, stall)
      }
      abort = () => reject(signal.reason as Error)
      if (signal.aborted) {
        abort()
        return
      }
      if (this.#end !== undefined) {
        reject(new Error(`${this.name} ${this.#end.text} before it could ${what}`))
        return
      }
      signal.addEventListener('abort', abort)
      this.#waiting.set(id, {
        what,
        reject,
        touch,
        resolve: reply => resolve(reply as Commands[Name]['reply']),
      })
      touch()
      this.#child.send({ id, name, command }, error => {
        if (error !== null) reject(new Error(`${this.name} could not be asked to ${what}`, { cause: error }))
      })
    }).finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      this.#waiting.delete(id)
    })
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  /** Has the process leave the network and end. One that has not within `stall` milliseconds is killed; returns whether that was not needed. */
  async stop(stall: number): Promise<boolean> {
    this.#leaving = true
    if (!this.isAlive) return true
    const kill = () => this.#child.kill('SIGKILL')
    const timer = setTimeout(kill, stall)
    await this.ask('stop', {}, 'leave', { stall, signal: AbortSignal.timeout(stall) }).catch(kill)
    const { signal } = await this.ended
    clearTimeout(timer)
    return signal !== 'SIGKILL'
  }

  #receive(message: FromProcess, listener: ProcessListener): void {
    if (message.type === 'reply') this.#waiting.get(message.id)?.resolve(message.reply)
    else if (message.type === 'failure') {
      const waiting = this.#waiting.get(message.id)
      waiting?.reject(new Error(`${this.name} could not ${waiting.what}: ${message.message}`))
    }
    // All the others leave, too: what that breaks off is no failure
    else if (this.#leaving) return
    else if (message.type === 'progress') {
      for (const waiting of this.#waiting.values()) waiting.touch()
      listener.progress(message.work, message.files, message.bytes)
    } else if (message.type === 'figures') listener.figures(message.figures)
    else if (message.type === 'refused') listener.refused(message.code, message.text)
    else listener.trouble(message.message)
  }
}
