import type { Clock, Codec, Contact, MessageId, PeerId, WaitOptions } from '@p2p/interfaces'
import { WaitError } from '@p2p/interfaces'
import type { Broadcasts } from './broadcasts.ts'
import { MeshError } from './errors.ts'
import type { Failures } from './failures.ts'
import { type MeshLimits, times } from './limits.ts'
import type { LinkManager } from './link/link-manager.ts'
import type { Overlay } from './overlay.ts'
import { checkProtocol } from './protocols.ts'
import { NotSeen, type Requests } from './requests.ts'
import type { Router } from './router.ts'
import { protocolBytes, sendHead } from './wire/direct.ts'

/** What sending needs of its node. */
export interface SenderSettings {
  readonly self: PeerId
  readonly clock: Clock
  readonly codec: Codec
  readonly limits: MeshLimits
  readonly links: LinkManager
  readonly overlay: Overlay
  readonly broadcasts: Broadcasts
  readonly requests: Requests
  readonly router: Router
  readonly failures: Failures
}

/** What the application says: to all, to the neighbours, to one. */
export class Sender {
  readonly #settings: SenderSettings
  #sent = 0

  constructor(settings: SenderSettings) {
    this.#settings = settings
  }

  broadcast(protocol: string, body: unknown): MessageId {
    const encoded = this.#encode(protocol, body)
    return this.#settings.broadcasts.send(protocol, encoded)
  }

  whisper(protocol: string, body: unknown): void {
    const { overlay, links, broadcasts } = this.#settings
    const encoded = this.#encode(protocol, body)
    const head = sendHead(protocol)
    broadcasts.flush()
    for (const id of overlay.neighbours.keys()) links.peers.get(id)?.link.sendParts(head, encoded)
  }

  send(to: Contact | PeerId, protocol: string, body: unknown, options: WaitOptions = {}): Promise<MessageId> {
    const { failures } = this.#settings
    const sent = this.sendEncoded(to, protocol, this.#encode(protocol, body), options)
    // Whoever awaits the promise learns of its failure; for those who do not, it is an event and not the end of the process.
    sent.catch((error: unknown) =>
      failures.report('P2P_PEER_UNREACHABLE', 'a message could not be sent', error),
    )
    return sent
  }

  async request(
    to: Contact | PeerId,
    protocol: string,
    body: unknown,
    options: WaitOptions = {},
  ): Promise<unknown> {
    const { clock, router, requests, broadcasts } = this.#settings
    const encoded = this.#encode(protocol, body)
    broadcasts.flush()
    const { timeout = times.answer, signal } = options
    const waiting = sharedDeadline(clock, timeout, signal)
    for (;;) {
      const peer = await router.reach(to, waiting())
      try {
        return await requests.ask(peer, protocol, encoded, waiting())
      } catch (error) {
        if (!(error instanceof NotSeen)) throw error
      }
    }
  }

  /** Sends to one what is encoded already, whatever its protocol. */
  async sendEncoded(
    to: Contact | PeerId,
    protocol: string,
    body: Uint8Array,
    options: WaitOptions = {},
  ): Promise<MessageId> {
    const { self, clock, links, router, broadcasts } = this.#settings
    // Nothing overtakes what was said to all before
    broadcasts.flush()
    if (options.signal?.aborted === true) {
      throw new WaitError('P2P_ABORTED', 'gave up sending', { cause: options.signal.reason })
    }
    const id = typeof to === 'string' ? to : to.id
    const waiting = { timeout: times.answer, ...options }
    const { link } = links.peers.get(id) ?? (await router.reach(to, waiting))
    link.lastUsed = clock.monotonic()
    if (!link.sendParts(sendHead(protocol), body) && link.open) await link.connection.drained(waiting)
    return `${self}/${++this.#sent}`
  }

  /** @throws `TypeError`, `P2P_RESERVED_PROTOCOL`, `P2P_BAD_OPTION`, `P2P_MESSAGE_TOO_LONG` */
  #encode(protocol: string, body: unknown): Uint8Array {
    const { codec, limits } = this.#settings
    checkProtocol(protocol)
    const encoded = codec.encode(body)
    const length = this.#settings.broadcasts.overhead + protocolBytes(protocol).length + encoded.length
    if (length <= limits.message) return encoded
    throw new MeshError(
      'P2P_MESSAGE_TOO_LONG',
      `a message of ${length} bytes is above the limit of ${limits.message}`,
    )
  }
}

/** The options of several waits that share one deadline. */
export const sharedDeadline = (
  clock: Clock,
  timeout: number,
  signal: AbortSignal | undefined,
): (() => WaitOptions) => {
  const deadline = clock.monotonic() + timeout
  return () => ({ timeout: Math.max(deadline - clock.monotonic(), 0), signal })
}
