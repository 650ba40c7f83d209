import type { Contact, MessageId, Messenger } from './messenger.ts'

/** A neighbour came or went. */
export interface PeerChange {
  readonly type: 'up' | 'down'
  readonly peer: Contact
}

/**
 * To one and to all: what `@p2p/sync` needs of a network. A broadcast is delivered to each application at most once, and never to its own origin. Contract suite: `groupContract`.
 */
export interface Group extends Messenger {
  /**
   * Sends to every node of the network.
   *
   * @throws `TypeError` for a body that cannot be encoded
   */
  broadcast(protocol: string, body: unknown): MessageId
  /** The neighbours: nodes with which we share a link at the moment. */
  readonly peers: readonly Contact[]
  /** Calls the listener when a neighbour comes or goes. It is not called for those that are here already: read {@link peers} for them. */
  watch(listener: (change: PeerChange) => void): Disposable
}
