import { TransportError } from '../errors.ts'
import { type ConnectionSettings, type Ends, QueuedConnection, type Release } from '../queued-connection.ts'
import { type Distance, Lane, type Parcel, soon, travel } from './lane.ts'

/** What every connection of one memory network shares. */
export interface MemoryContext extends ConnectionSettings, Distance {}

/**
 * One end of a connection within a process. What it writes waits in its lane until the other end has read it: there is no system in between with
 * buffers of its own, so the queue is all that is under way.
 */
export class MemoryConnection extends QueuedConnection {
  readonly #context: MemoryContext
  readonly #outgoing: Lane
  #peer!: MemoryConnection

  #reading = false
  #taking = false
  #ending = false
  // Whether our end has come to the other side, and theirs to ours.
  #endTaken = false
  #endReceived = false
  #gone = false

  private constructor(ends: Ends, context: MemoryContext) {
    super(ends, context)
    this.#context = context
    this.#outgoing = new Lane(context, () => this.#arrived())
  }

  /** Both ends of a new connection from one address to another. */
  static pair(
    from: Ends['local'],
    to: Ends['remote'],
    context: MemoryContext,
  ): { readonly outbound: MemoryConnection; readonly inbound: MemoryConnection } {
    const outbound = new MemoryConnection({ direction: 'outbound', local: from, remote: to }, context)
    const inbound = new MemoryConnection({ direction: 'inbound', local: to, remote: from }, context)
    outbound.#peer = inbound
    inbound.#peer = outbound
    return { outbound, inbound }
  }

  protected get flushed(): boolean {
    return this.#ending && !this.#outgoing.hasChunks
  }

  protected enqueue(chunk: Uint8Array, release: Release): void {
    this.#outgoing.send({ chunk, release })
  }

  protected startReading(): void {
    this.#reading = true
    soon(() => this.#take())
  }

  protected stopReading(): void {
    this.#reading = false
  }

  protected flushAndEnd(): void {
    this.#ending = true
    this.#outgoing.send('end')
  }

  protected cut(): void {
    if (this.#gone) return
    const orderly = this.flushed
    this.#leave()
    travel(this.#context, () => {
      // An orderly end stays in the lane for the other side to read; but what that side is still sending will not be read, and that breaks it.
      if (!orderly || this.#peer.#outgoing.hasChunks) this.#peer.#break()
    })
  }

  /** Something of ours has come to the other side. */
  #arrived(): void {
    const peer = this.#peer
    if (!peer.#gone) peer.#take()
    else if (this.#outgoing.hasChunks) travel(this.#context, () => this.#break())
    else if (this.#outgoing.take() === 'end') this.#ended()
  }

  /** Reads what has come from the other side. */
  #take(): void {
    // Within the consumer, `resume` must not call it again.
    if (this.#taking) return
    this.#taking = true
    const peer = this.#peer
    while (this.#reading) {
      const parcel = peer.#outgoing.take()
      if (parcel === undefined) break
      if (parcel === 'end') {
        this.#endReceived = true
        this.remoteEnded()
        peer.#ended()
        this.#finishAfterBothEnds()
      } else {
        this.deliver(parcel.chunk)
        peer.taken(parcel.chunk.length)
        peer.releaseChunk(parcel.release)
      }
    }
    this.#taking = false
  }

  #ended(): void {
    this.#endTaken = true
    this.#finishAfterBothEnds()
  }

  #finishAfterBothEnds(): void {
    if (this.#endTaken && this.#endReceived) this.#leave()
  }

  /** The other side has cut the connection. */
  #break(): void {
    if (this.#gone) return
    this.failed(
      new TransportError(
        'P2P_CONNECTION_RESET',
        `the connection to ${this.remote}: the other end broke the connection`,
      ),
    )
    this.#leave()
  }

  #leave(): void {
    if (this.#gone) return
    this.#gone = true
    this.#reading = false
    if (this.#outgoing.hasChunks) for (const parcel of this.#outgoing.drop()) this.#release(parcel)
    this.finished()
  }

  #release(parcel: Parcel): void {
    if (parcel !== 'end') this.releaseChunk(parcel.release)
  }
}
