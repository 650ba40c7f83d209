import type { Address, PeerId } from '@p2p/interfaces'
import type { CommandName, Commands, IntrudeReply } from './protocol.ts'
import { NodeProcess, type ProcessListener } from './node-process.ts'

/** A process that is a node of the network. */
export interface Member {
  readonly index: number
  readonly name: string
  readonly process: NodeProcess
  readonly id: PeerId
  readonly address: Address
  /** Entries that it held when it had caught up, and the milliseconds that it took. */
  readonly joined: { readonly size: number; readonly milliseconds: number }
}

/** Settings of {@link Processes}. */
export interface ProcessesSettings {
  readonly network: string
  readonly secret: string
  /** Milliseconds without progress after which a process is given up. */
  readonly stall: number
  readonly signal: AbortSignal
  /** Milliseconds that a process has to leave the network and end, before it is killed. */
  readonly leaving: number
  /** The file that says who a node is; `undefined`: each of its processes is somebody new. */
  readonly identityOf: (index: number) => string | undefined
  /** Milliseconds between two rounds in which the table's ring is looked after. */
  readonly interval: number
  /** Milliseconds between two reports of a process's figures; `undefined`: none. */
  readonly figuresEvery: number | undefined
  /** @param isNode whether the process is the node of that name, and not one that was replaced or is to take its place */
  readonly listener: (name: string, isNode: () => boolean) => ProcessListener
  readonly onStarted: (process: NodeProcess) => void
  readonly onJoined: (process: NodeProcess) => void
  /** Told of those that had to be killed at the end. */
  readonly onKilled: (name: string) => void
}

/** All processes that the demo has started. When it ends, however it ends, so do they. */
export class Processes implements AsyncDisposable {
  readonly #settings: ProcessesSettings
  readonly #started: NodeProcess[] = []
  /** The process that is the node of a name. */
  readonly #nodes = new Map<string, NodeProcess>()
  #stopped = false

  constructor(settings: ProcessesSettings) {
    this.#settings = settings
  }

  /** Starts a process, which is no node yet. */
  spawn(index: number): NodeProcess {
    const process = this.#spawn(`node ${index}`)
    this.announce(process)
    return process
  }

  /** Starts a process that is to take somebody's place. Nobody hears of it before {@link announce}. */
  prepare(index: number): NodeProcess {
    return this.#spawn(`node ${index}`)
  }

  /** Tells those who look on that a prepared process is the node of its name from now on. */
  announce(process: NodeProcess): void {
    this.#nodes.set(process.name, process)
    this.#settings.onStarted(process)
  }

  /** Has a process leave the network and end. @returns whether it did so in time and in order */
  stop(process: NodeProcess): Promise<boolean> {
    return process.stop(this.#settings.leaving)
  }

  /** Starts a process that tries to get in at an address without knowing the secret, and ends it. */
  async intrude(address: Address): Promise<IntrudeReply & { readonly process: NodeProcess }> {
    const { network, leaving } = this.#settings
    const process = this.#spawn('outsider')
    const reply = await this.ask(process, 'intrude', { network, address }, 'try to get in')
    await process.stop(leaving)
    return { ...reply, process }
  }

  #spawn(name: string): NodeProcess {
    const { listener, signal } = this.#settings
    signal.throwIfAborted()
    if (this.#stopped) throw new Error('the demo is ending')
    const process: NodeProcess = new NodeProcess(
      name,
      listener(name, () => this.#nodes.get(name) === process),
    )
    this.#started.push(process)
    return process
  }

  /** Makes a process a node: the seed of a new network, if it is told of nobody. In another's place it is somebody new. */
  async join(
    index: number,
    process: NodeProcess,
    seeds: readonly Address[],
    { inPlace = false }: { readonly inPlace?: boolean } = {},
  ): Promise<Member> {
    const { network, secret, identityOf, interval, figuresEvery, onJoined } = this.#settings
    const identity = inPlace ? undefined : identityOf(index)
    const command = { network, secret, seeds, identity, interval, figuresEvery }
    const { id, address, ...joined } = await this.ask(process, 'join', command, 'join the network')
    onJoined(process)
    return { index, name: process.name, process, id, address, joined }
  }

  /** Starts a process and makes it a node. The process starts while the seed's address is waited for. */
  async start(index: number, seed?: () => Promise<Address>): Promise<Member> {
    const process = this.spawn(index)
    return this.join(index, process, seed === undefined ? [] : [await seed()])
  }

  ask<Name extends CommandName>(
    process: NodeProcess,
    name: Name,
    command: Commands[Name]['command'],
    what: string,
  ): Promise<Commands[Name]['reply']> {
    return process.ask(name, command, what, this.#settings)
  }

  /** Ends them all: in order first, by force where that takes too long. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    const { leaving, onKilled } = this.#settings
    await Promise.all(
      this.#started.map(async process => {
        if (!(await process.stop(leaving))) onKilled(process.name)
      }),
    )
  }
}
