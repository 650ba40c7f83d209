import { lengthPrefixed } from '@p2p/framing'
import type { Address, CloseInfo, WaitOptions } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { positive } from '../../limits.ts'
import { asError } from '../../queued-connection.ts'
import { closedError, PipeError } from '../errors.ts'
import type { Message } from '../message.ts'
import { connect, listen, type ListenOptions } from '../open.ts'
import type { Pipe } from '../pipe.ts'
import { Receiver } from '../receiver.ts'
import type { PipeServer } from '../server.ts'
import { askAdmission, peerLimit } from './admission.ts'
import type { Daemon, DialReport, ListenReport } from './daemon.ts'
import {
  type Candidate,
  type DaemonEvents,
  daemonDefaults,
  type DaemonOptions,
  type Peer,
} from './options.ts'
import { Peers } from './peers.ts'
import { expand, type Targets } from './targets.ts'
import { Ticker } from './ticker.ts'

/**
 * Makes a daemon, which neither listens nor dials yet.
 *
 * @throws RangeError for a limit or a time that is not above 0
 * @example
 * const daemon = createDaemon()
 * daemon.on('message', message => message.reply(message.data))
 * await daemon.listen({ ports: [7000, 7001], protocols: ['tcp', 'udp'] })
 */
export const createDaemon = <T = Uint8Array>(options: DaemonOptions<T> = {}): Daemon<T> =>
  new PipeDaemon(options)

class PipeDaemon<T> extends Receiver<T, DaemonEvents<T>> implements Daemon<T> {
  readonly closed: Promise<CloseInfo>
  readonly #options: DaemonOptions<T>
  readonly #listenOptions: ListenOptions<T>
  readonly #maxPeers: number
  readonly #peers: Peers<T>
  readonly #servers = new Set<PipeServer<T>>()
  readonly #ending = new AbortController()
  readonly #ticker: Ticker
  // Accepted or being dialled, and not a peer yet: each has its place already.
  #candidates = 0
  #waiting: (() => void)[] = []
  #closing: Promise<void> | undefined
  #resolveClosed!: (info: CloseInfo) => void

  constructor(options: DaemonOptions<T>) {
    const {
      clock = systemClock,
      inbox = {},
      framing = lengthPrefixed(),
      codec,
      keepAlive,
      transports,
    } = options
    super({ clock, inbox, pausable: true, handsBack: true })
    const limit = (name: keyof typeof daemonDefaults) => positive(name, options[name] ?? daemonDefaults[name])
    const idleTimeout = limit('idleTimeout')
    const needless = idleTimeout === Infinity || framing.frameLength(0) === 0
    const beat = keepAlive ?? (needless ? false : idleTimeout / 3)
    this.#options = options
    this.#maxPeers = limit('maxPeers')
    this.#listenOptions = {
      framing,
      clock,
      ipv6Only: true,
      // What a peer is, and when it is silent, is for us to say.
      maxSenders: this.#maxPeers,
      senderTimeout: Infinity,
      ...(codec && { codec }),
      ...(transports && { transports }),
      ...(beat !== false && { keepAlive: beat }),
    }
    this.#peers = new Peers<T>({
      clock,
      idleTimeout,
      queue: limit('peerQueue'),
      disconnectsSlow: options.slowPeers === 'disconnect',
      onLeave: (peer, info) => {
        this.#log('debug', `${peer.address} has left${info.error ? `: ${info.error.message}` : ''}`)
        this.emitter.emit('leave', peer, info)
      },
      onSlow: peer => {
        this.#log('warn', `${peer.address} does not read`)
        this.emitter.emit('slow', peer)
      },
    })
    this.#ticker = new Ticker(clock, limit('tickInterval'), elapsed => this.emitter.emit('tick', elapsed))
    this.closed = new Promise(resolve => (this.#resolveClosed = resolve))
  }

  get peers(): ReadonlySet<Peer<T>> {
    return this.#peers.all
  }

  get addresses(): readonly Address[] {
    return [...this.#servers].map(server => server.address)
  }

  async listen(
    targets: Address | Targets | readonly (Address | Targets)[],
    options: WaitOptions = {},
  ): Promise<ListenReport[]> {
    const wait = this.#waitOf(options)
    const expanded = await expand(targets, wait)
    const reports = await Promise.all(
      expanded.map(async ({ address, error }): Promise<ListenReport> => {
        if (error !== undefined) return { target: address, error }
        try {
          const server = await this.#listenAt(address, wait)
          return { target: address, address: server.address, reachable: server.reachable }
        } catch (cause) {
          return { target: address, error: asError(cause) }
        }
      }),
    )
    for (const { target, error } of reports)
      if (error) this.#log('warn', `cannot listen at ${target}: ${error.message}`)
    return succeeding(reports, 'listened at')
  }

  async dial(address: Address, options: WaitOptions = {}): Promise<Peer<T>> {
    const wait = this.#waitOf(options)
    this.#checkRoom(address)
    this.#candidates++
    try {
      const refusal = await askAdmission(this.#options.admit, { stage: 'dial', address })
      if (refusal !== undefined) {
        this.#refused('dial', address, refusal)
        throw refusal
      }
      const pipe = await connect(address, { ...this.#listenOptions, ...wait })
      if (this.#closing === undefined) return this.#join(pipe, pipe.remote ?? address)
      pipe.abort()
      throw closedError(this.describe())
    } finally {
      this.#candidates--
    }
  }

  async dialAll(addresses: readonly Address[], options: WaitOptions = {}): Promise<DialReport<T>[]> {
    if (addresses.length === 0) throw new RangeError('no addresses to dial')
    const reports = await Promise.all(
      addresses.map(async (target): Promise<DialReport<T>> => {
        try {
          return { target, peer: await this.dial(target, options) }
        } catch (error) {
          return { target, error: asError(error) }
        }
      }),
    )
    return succeeding(reports, 'dialled')
  }

  peer(of: Address | Pipe<T>): Peer<T> | undefined {
    return this.#peers.find(of)
  }

  send(message: T, to?: Address | Pipe<T>): number {
    const { codec } = this.#options
    return this.sendFrame(codec === undefined ? (message as Uint8Array) : codec.encode(message), to)
  }

  sendFrame(payload: Uint8Array, to?: Address | Pipe<T>): number {
    if (!(payload instanceof Uint8Array)) throw new TypeError('without a codec a message is a Uint8Array')
    if (to !== undefined) {
      const peer = this.#peers.find(to)
      if (peer !== undefined) return this.#peers.offer(peer.pipe, payload) ? 1 : 0
      const address = typeof to === 'string' ? to : (to.remote ?? to.local)
      throw new PipeError('P2P_UNKNOWN_PEER', `there is no peer ${address}`)
    }
    let taken = 0
    for (const { pipe } of this.#peers.all) {
      try {
        if (this.#peers.offer(pipe, payload)) taken++
      } catch (error) {
        // What one of them cannot be sent, the others can.
        this.report(asError(error))
      }
    }
    return taken
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  reaches(to: Address | Pipe<T>): boolean {
    return this.#peers.find(to) !== undefined
  }

  protected override report(error: Error): void {
    this.#log('warn', error.message)
    super.report(error)
  }

  protected override listened(event: string): void {
    if (event === 'tick' && this.#closing === undefined) this.#ticker.start()
  }

  protected describe(): string {
    return 'the daemon'
  }

  protected start(): void {
    // Peers are read from the beginning; what comes before the first handler waits in the inbox.
  }

  protected relieved(): void {
    for (const go of this.#waiting.splice(0)) go()
  }

  async #listenAt(address: Address, wait: WaitOptions): Promise<PipeServer<T>> {
    const server = await listen(address, { ...this.#listenOptions, ...wait })
    if (this.#closing !== undefined) {
      await server.close()
      throw closedError(this.describe())
    }
    this.#servers.add(server)
    void server.closed.then(() => this.#servers.delete(server))
    server.on('error', error => this.report(error))
    server.on('pipe', pipe => this.#arrive(pipe))
    this.#log('debug', `listens at ${server.address}`)
    return server
  }

  /** Somebody has come. Until it is admitted it is not read. */
  #arrive(pipe: Pipe<T>): void {
    const address = pipe.remote ?? pipe.local
    const decide = (refusal: PipeError | undefined) => {
      if (refusal === undefined && this.#closing === undefined) this.#join(pipe, address)
      else {
        if (refusal !== undefined) this.#refused('accept', address, refusal)
        pipe.abort(refusal)
      }
    }
    if (this.#peers.all.size + this.#candidates >= this.#maxPeers) {
      decide(peerLimit(address, this.#maxPeers))
      return
    }
    const answer = askAdmission(this.#options.admit, { stage: 'accept', address })
    if (!(answer instanceof Promise)) {
      decide(answer)
      return
    }
    this.#candidates++
    void answer.then(refusal => {
      this.#candidates--
      decide(refusal)
    })
  }

  #join(pipe: Pipe<T>, address: Address): Peer<T> {
    const peer = this.#peers.add(pipe, address)
    pipe.on('error', error => this.report(error))
    pipe.on('message', message => this.#incoming(address, message))
    this.#log('debug', `${address} is here`)
    this.emitter.emit('peer', peer)
    return peer
  }

  /** Hands a message on; what it returns holds the next messages of this peer up. */
  #incoming(address: Address, message: Message<T>): Promise<unknown> | undefined {
    const { admit } = this.#options
    if (admit === undefined) return this.#hand(message)
    const decide = (refusal: PipeError | undefined) => {
      if (refusal === undefined) return this.#hand(message)
      this.#refused('message', address, refusal)
      return undefined
    }
    const answer = askAdmission(admit, { stage: 'message', address, message })
    return answer instanceof Promise ? answer.then(decide) : decide(answer)
  }

  #hand(message: Message<T>): Promise<unknown> | undefined {
    const handled = this.deliver(message)
    if (!this.full) return handled
    const room = new Promise<void>(resolve => this.#waiting.push(resolve))
    return handled === undefined ? room : Promise.all([handled, room])
  }

  #refused(stage: Candidate['stage'], address: Address, error: PipeError): void {
    this.#log('warn', error.message)
    this.emitter.emit('refused', { stage, address, error })
  }

  #checkRoom(address: Address): void {
    if (this.#closing !== undefined) throw closedError(this.describe())
    if (this.#peers.all.size + this.#candidates < this.#maxPeers) return
    throw peerLimit(address, this.#maxPeers)
  }

  #waitOf({ signal, timeout }: WaitOptions): WaitOptions {
    if (this.#closing !== undefined) throw closedError(this.describe())
    const { signal: ending } = this.#ending
    return { timeout, signal: signal === undefined ? ending : AbortSignal.any([signal, ending]) }
  }

  #log(level: 'debug' | 'warn', message: string): void {
    this.#options.logger?.[level](message)
  }

  async #close(): Promise<void> {
    this.#ticker.stop()
    this.#ending.abort(closedError(this.describe()))
    this.relieved()
    const pipes = [...this.#peers.all].map(({ pipe }) => pipe.close())
    await Promise.all([...pipes, ...[...this.#servers].map(server => server.close())])
    this.#peers.stop()
    const info: CloseInfo = { by: 'local' }
    this.ended(info)
    this.#resolveClosed(info)
  }
}

/** @throws PipeError `P2P_NO_TARGET` if none of the reports is a success */
const succeeding = <R extends { readonly target: Address; readonly error?: Error }>(
  reports: R[],
  what: string,
): R[] => {
  if (reports.some(({ error }) => error === undefined)) return reports
  const errors = reports.map(({ error }) => error)
  const message = `none of ${reports.length} targets could be ${what}, such as ${reports[0]?.target ?? ''}: ${errors[0]?.message ?? ''}`
  throw new PipeError('P2P_NO_TARGET', message, { cause: new AggregateError(errors) })
}
