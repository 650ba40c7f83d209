import { type ChildProcess, fork, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { systemClock } from '@p2p/interfaces/system'
import { wait } from '@p2p/interfaces/wait'
import type { Sample } from '../case.ts'
import { nodeFlags } from '../node-flags.ts'
import type { GreetingName } from '../greetings/index.ts'
import { filling } from '../timed.ts'
import type { Commands, RoundTrips } from './commands.ts'
import type { Answer, Order } from './end.ts'
import type { WireName } from './wires.ts'

interface Settle {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/**
 * How long a process may take for one command, in milliseconds. A peer whose link has broken may lose messages without a word: whoever waits for the
 * rest of them would wait for ever.
 */
const patience = 40_000

/** A process that can be told what to do. */
class End {
  readonly #name: string
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Settle>()
  #next = 0

  constructor(name: string, prefix: readonly string[]) {
    this.#name = name
    const [execPath = process.execPath, ...args] = prefix
    const flags = [...nodeFlags, ...moreFlags()]
    this.#child = fork(fileURLToPath(new URL('end.js', import.meta.url)), [], {
      execPath,
      execArgv: prefix.length === 0 ? flags : [...args, process.execPath, ...flags],
      serialization: 'advanced',
    })
    this.#child.on('message', ({ id, value, error }: Answer) => {
      const waiting = this.#waiting.get(id)
      if (error === undefined) waiting?.resolve(value)
      else waiting?.reject(new Error(error))
    })
    this.#child.on('exit', code => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${name} ended with ${String(code)}`))
    })
  }

  call<Name extends keyof Commands>(
    command: Name,
    ...args: Parameters<Commands[Name]>
  ): ReturnType<Commands[Name]> {
    const id = this.#next++
    const order: Order = { id, command, args }
    const what = `${this.#name} to ${command} ${args.join(', ')}`
    return wait<unknown>({ clock: systemClock, what, timeout: patience }, ({ resolve, reject }) => {
      this.#waiting.set(id, { resolve, reject })
      this.#child.send(order, error => {
        if (error !== null) reject(error)
      })
      return () => this.#waiting.delete(id)
    }) as ReturnType<Commands[Name]>
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect()
  }
}

/** `BENCH_END_FLAGS="--cpu-prof"` profiles both processes. */
const moreFlags = (): readonly string[] =>
  (process.env['BENCH_END_FLAGS'] ?? '').split(' ').filter(flag => flag !== '')

/** How to run a program on one core, where that is possible. */
const onOneCore = (): readonly string[] => {
  const prefix = ['taskset', '-c', '0']
  return spawnSync('taskset', ['-c', '0', 'true']).status === 0 ? prefix : []
}

/** Two processes with as many links between them as there are contenders: the one that listens is the one that sends. */
export class Pair {
  readonly #listener: End
  readonly #dialler: End

  /** @param pinned whether both are to share one core */
  constructor({ pinned = false }: { readonly pinned?: boolean } = {}) {
    const prefix = pinned ? onOneCore() : []
    this.#listener = new End('who listens', prefix)
    this.#dialler = new End('who dials', prefix)
  }

  async connect(wire: WireName): Promise<void> {
    await this.#dialler.call('dial', wire, await this.#listener.call('listen', wire))
  }

  /** Messages a second, one way, and what one costs both processes together. */
  async oneWay(wire: WireName, size: number): Promise<() => Promise<Sample>> {
    await this.connect(wire)
    const run = async (count: number): Promise<number> => {
      await this.#dialler.call('expect', wire, size, count)
      try {
        const begin = await this.#listener.call('burst', wire, size, count)
        return ((await this.#dialler.call('arrived', wire)) - begin) / 1e6
      } catch (cause) {
        const come = await this.#dialler.call('come', wire)
        throw new Error(`${wire}: ${come} of ${count} messages have come`, { cause })
      }
    }
    const turn = filling(run, Math.ceil(2 ** 20 / (size + 1_024)))
    return async () => {
      const { count, took } = await turn()
      const spent = (await this.#listener.call('spent')) + (await this.#dialler.call('spent'))
      return { messages: (count * 1_000) / took, processor: spent / count }
    }
  }

  /** Round trips with so many requests at a time. */
  async roundTrips(
    wire: WireName,
    size: number,
    { count, inFlight }: { readonly count: number; readonly inFlight: number },
  ): Promise<() => Promise<RoundTrips>> {
    await this.connect(wire)
    return async () => {
      await this.#listener.call('echo', wire)
      return this.#dialler.call('roundTrips', wire, size, count, inFlight)
    }
  }

  /** How long it takes to connect, to prove who is there and to have a byte back, in microseconds. */
  async greetings(name: GreetingName, count: number): Promise<() => Promise<number>> {
    const address = await this.#listener.call('answer', name)
    return () => this.#dialler.call('greet', name, address, count)
  }

  close(): void {
    this.#listener.close()
    this.#dialler.close()
  }
}
