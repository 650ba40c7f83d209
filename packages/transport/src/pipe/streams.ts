import { Duplex } from 'node:stream'
import type { Address } from '@p2p/interfaces'
import { systemClock } from '@p2p/interfaces/system'
import { limitsFrom } from '../limits.ts'
import { type ConnectionSettings, QueuedConnection, type Release } from '../queued-connection.ts'
import { ConnectionPipe } from './connection-pipe.ts'
import type { Pipe, PipeOptions } from './pipe.ts'

/** Options of {@link toDuplex}. */
export interface DuplexOptions {
  /**
   * Whether the stream carries values, for a pipe with a codec.
   *
   * @default false: it carries bytes
   */
  readonly objectMode?: boolean
}

/**
 * A pipe as a stream of Node.js, with back-pressure in both directions. What is written to it is sent, one message for each chunk; the data of messages is what is read from it.
 * Ending the stream closes the pipe, destroying it aborts the pipe; a pipe that fails destroys the stream with its error.
 */
export const toDuplex = <T = Uint8Array>(
  pipe: Pipe<T>,
  { objectMode = false }: DuplexOptions = {},
): Duplex => {
  let wanted: (() => void) | undefined
  let reading = false
  const read = async () => {
    try {
      for await (const { data } of pipe) {
        if (!duplex.push(data)) await new Promise<void>(resolve => (wanted = resolve))
      }
      duplex.push(null)
    } catch (error) {
      duplex.destroy(error as Error)
    }
  }
  const duplex = new Duplex({
    objectMode,
    read: () => {
      wanted?.()
      wanted = undefined
      if (reading) return
      reading = true
      void read()
    },
    write: (chunk: T, _encoding, done) => {
      try {
        if (pipe.send(chunk)) done()
        else pipe.drained().then(() => done(), done)
      } catch (error) {
        done(error as Error)
      }
    },
    final: done => void pipe.close().then(() => done(), done),
    destroy: (error, done) => {
      wanted?.()
      // In order it has ended already, unless somebody gives the stream up.
      pipe.abort(error ?? undefined)
      done(error)
    },
  })
  return duplex
}

/** A stream of Node.js, or an injected socket, as a connection. */
class DuplexConnection extends QueuedConnection {
  readonly #stream: Duplex
  #flushed = false
  #listening = false

  constructor(stream: Duplex, name: Address, settings: ConnectionSettings) {
    super({ direction: 'outbound', local: name, remote: name }, settings)
    this.#stream = stream
    stream.pause()
    stream
      .on('end', () => this.remoteEnded())
      .on('error', error => this.failed(error))
      .on('close', () => this.finished())
  }

  protected get flushed(): boolean {
    return this.#flushed
  }

  protected enqueue(chunk: Uint8Array, release: Release): void {
    this.#stream.write(chunk, error => {
      if (!error) this.taken(chunk.length)
      this.releaseChunk(release)
    })
  }

  protected startReading(): void {
    if (!this.#listening) {
      this.#listening = true
      this.#stream.on('data', (chunk: Uint8Array | string) => {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
        this.deliver(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length))
      })
    }
    this.#stream.resume()
  }

  protected stopReading(): void {
    this.#stream.pause()
  }

  protected flushAndEnd(): void {
    this.#stream.end(() => (this.#flushed = true))
  }

  protected cut(): void {
    this.#stream.destroy()
  }
}

let streams = 0

/**
 * A stream of Node.js as a pipe: a socket that something else has made, a child process, a serial port. The pipe owns the stream. Its ends are called `stream://~1`.
 */
export const fromDuplex = <T = Uint8Array>(stream: Duplex, options: PipeOptions<T> = {}): Pipe<T> => {
  const settings = { ...limitsFrom({}), clock: options.clock ?? systemClock }
  return new ConnectionPipe(new DuplexConnection(stream, `stream://~${++streams}`, settings), options)
}
