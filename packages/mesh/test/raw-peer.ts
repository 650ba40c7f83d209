import { type FrameWriter, frameWriter, lengthPrefixed } from '@p2p/framing'
import type { Connection } from '@p2p/interfaces'
import type { Identity } from '../src/index.ts'
import { Kind } from '../src/wire/header.ts'
import {
  begin,
  decodeFarewell,
  encodeHello,
  type Farewell,
  type Hello,
  networkTag,
} from '../src/wire/hello.ts'
import { soon } from './soon.ts'

/** A member of a network that says what it likes. */
export class RawPeer {
  /** What it was sent, whole messages. */
  readonly heard: Uint8Array[] = []
  readonly #connection: Connection
  readonly #writer: FrameWriter
  #wake: (() => void) | undefined

  /**
   * @param claims what its second HELLO says otherwise than the first
   * @param said what both say otherwise than that of others
   */
  constructor(
    connection: Connection,
    identity: Identity,
    network: string,
    claims: Partial<Hello> = {},
    said: Partial<Hello> = {},
  ) {
    this.#connection = connection
    const framing = lengthPrefixed()
    this.#writer = frameWriter(connection, framing, { schedule: queueMicrotask })
    const decoder = framing.decoder()
    connection.onData(chunk =>
      decoder.push(chunk, (bytes, start, end) => {
        this.heard.push(bytes.slice(start, end))
        this.#wake?.()
      }),
    )
    const hello: Hello = {
      oldest: 1,
      newest: 1,
      network: networkTag(network),
      publicKey: identity.publicKey,
      incarnation: new Uint8Array(8).fill(1),
      serial: 1,
      nonce: identity.publicKey.slice(0, 8),
      epoch: 0,
      sequence: 0,
      signed: true,
      addresses: [],
      held: undefined,
      ...said,
    }
    this.say(encodeHello(hello))
    this.say(encodeHello({ ...hello, serial: hello.serial + 1, held: [], ...claims }))
    this.say(begin(Kind.join, 4).done())
  }

  say(message: Uint8Array): void {
    this.#writer.write(message)
  }

  /** The first message of that kind, once it has come. */
  next(...kinds: readonly number[]): Promise<Uint8Array> {
    return soon(`a message of the kind ${kinds.join(' or ')}`, come => {
      const look = () => {
        const found = this.heard.find(message => kinds.includes(message[1] as number))
        if (found === undefined) this.#wake = look
        else come(found)
      }
      look()
    })
  }

  /** With what it was sent away. */
  async farewell(): Promise<Farewell> {
    const message = await this.next(Kind.goodbye, Kind.refuse)
    return decodeFarewell(message, 0, message.length)
  }

  leave(): void {
    this.#connection.abort()
  }
}
