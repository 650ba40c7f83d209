import type {
  Address,
  Clock,
  Contact,
  Group,
  MessageId,
  PeerId,
  Random,
  Transport,
  WaitOptions,
} from '@p2p/interfaces'
import type { Announcer } from './announcing.ts'
import type { MeshError } from './errors.ts'
import type { Explanation } from './explain.ts'
import type { Middleware } from './handlers.ts'
import type { Identity } from './identity.ts'
import type { MeshLimits } from './limits.ts'
import type { Message } from './message.ts'
import type { Security } from './security.ts'

/** Options of {@link createMesh}. */
export interface MeshOptions {
  /** The network's name: nodes of different networks do not talk to each other. */
  readonly network: string
  /** How addresses are dialled and listened at, one per scheme. */
  readonly transports: readonly Transport[]
  /** Where to accept peers. Default: nowhere; such a node can only dial. */
  readonly listen?: readonly Address[]
  /** Where others can reach this node. Default: where it listens, with a wildcard such as `0.0.0.0` replaced by the machine's own address. An {@link Announcer}, such as
   * `autoAnnounce()` of `@p2p/network/announce`, finds it out, and again while the network changes. */
  readonly announce?: readonly Address[] | Announcer
  /** Addresses of nodes of the network, of schemes that `transports` has. They are tried for ever, with growing pauses, whenever there is no link to them. */
  readonly seeds?: readonly Address[]
  /** Who this node is. Default: somebody new. */
  readonly identity?: Identity
  /**
   * What only the network's nodes know: whoever does not is turned away. 32 bytes are used as they are; a text is stretched by scrypt, some 0.1 s once, and should be
   * one that nobody guesses. Default: none, and whoever knows the network's name may come in, as who it proves to be. It is for the default `security` only.
   * One that is given and is `undefined`, as a variable of the environment that is not set, is refused.
   */
  readonly secret?: string | Uint8Array
  /** What protects connections. Default: `@p2p/noise`, which encrypts them and proves ids. {@link plaintext} does neither: see SECURITY.md. */
  readonly security?: Security
  /**
   * Whether nodes sign what they broadcast, all of one turn together, so that nobody can speak to all in another's name. All nodes of a network do, or none. Default: yes,
   * unless there is a `secret` (then whoever knows it is trusted not to) or the links are {@link plaintext}.
   */
  readonly signed?: boolean
  /**
   * Who may have a link to this node: asked of each node that has said, and by default proved, who it is, before anything else is said to it. Anything but `true`
   * turns it away, and it is told so. Links that are there already stay: see `disconnect`. Default: everybody.
   */
  readonly admit?: (peer: Contact) => boolean
  /** Whether to ask a neighbour for the broadcasts of the last minute that were sent before this node came. Default `false`: from now on. */
  readonly history?: boolean
  /** Bounds on what strangers can make grow. */
  readonly limits?: Partial<MeshLimits>
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: the machine's. */
  readonly random?: Random
}

/** Events of a mesh and what their listeners are given. */
export interface MeshEvents {
  /** A neighbour is there; the node is part of the network from the first one on. */
  'peer:connect': (peer: Contact) => void
  /** A neighbour is gone; `reason` says why, if it did not go in order. */
  'peer:disconnect': (peer: Contact, reason: Error | undefined) => void
  /** A message that no handler took. It also goes to `recv`, `poll` and iteration. */
  message: (message: Message) => void
  /** A node was turned away, or could not be understood before it had said who it is. */
  refused: (remote: Address, error: Error) => void
  /** Something failed that nobody waits for: a handler, a message that could not be delivered; or another process has this node's key, `P2P_IDENTITY_IN_USE`. */
  error: (error: MeshError) => void
}

/** A link, for those who watch. */
export interface LinkInfo {
  readonly peer: Contact
  /** Whether it is one of our neighbours; otherwise the link is there on demand. */
  readonly neighbour: boolean
  readonly direction: 'inbound' | 'outbound'
  readonly remote: Address
  /** When it was made, in milliseconds of the wall clock. */
  readonly since: number
  /** Milliseconds since something was last received, and sent. */
  readonly silence: number
  readonly sinceSent: number
  /** The last measured round trip in milliseconds. */
  readonly roundTrip: number | undefined
  /** Bytes that wait to leave. */
  readonly queued: number
}

/** Figures of a mesh at this moment. */
export interface MeshStats {
  readonly neighbours: number
  readonly links: number
  /** Handshakes in progress, of both directions. */
  readonly handshakes: number
  /** Our requests that wait for their answer. */
  readonly requests: number
  /** Messages that wait to be read, and those that gave way unread to newer ones. */
  readonly unread: number
  readonly unreadDropped: number
  /** Nodes remembered. */
  readonly known: number
  /** Broadcasts passed on, and arrivals of those that were known. */
  readonly passed: number
  readonly repeated: number
}

/** A node of a network. It satisfies `Group`, so that `@p2p/sync` and everything else that needs one runs on it. Made by {@link createMesh}. */
export interface Mesh extends Group, AsyncIterable<Message>, AsyncDisposable {
  readonly id: PeerId
  readonly network: string
  /** This node as others know it. */
  readonly self: Contact
  /** Where this node can be reached. */
  readonly addresses: readonly Address[]
  /** The neighbours. */
  readonly peers: readonly Contact[]
  /** All links, those of the neighbours and those on demand. */
  readonly links: readonly LinkInfo[]
  /** `alone` means: not a single neighbour. */
  readonly status: 'connected' | 'alone' | 'closed'
  /** The last errors that nobody waited for, at most 16, oldest first: what the event `error` told. */
  readonly errors: readonly MeshError[]

  /**
   * Connects to a node and becomes part of its network. Resolves when that node can be used; the others are found from there. Default deadline 10 000 ms.
   *
   * @param to its address, or a contact, whose id is then expected: of its addresses the most telling refusal is what is thrown, `P2P_PEER_UNREACHABLE` where nobody answered
   * @param options `id`: reject unless this node answers
   * @throws `P2P_WRONG_NETWORK`, `P2P_UNEXPECTED_ID`, `P2P_WRONG_VERSION`, `P2P_CONNECTED_TO_SELF`, `P2P_NOT_ADMITTED`, `P2P_LIMIT_REACHED`,
   * `P2P_WRONG_SECURITY`, `P2P_WRONG_SIGNING`, `P2P_UNKNOWN_SCHEME`, `P2P_BAD_ADDRESS`, `P2P_HANDSHAKE_FAILED`, `P2P_PEER_UNREACHABLE`, `P2P_TIMEOUT`, `P2P_ABORTED`, `P2P_CLOSED`,
   * the transport's own, and those of `@p2p/noise`: `P2P_WRONG_SECRET`, `P2P_PLAINTEXT`, `P2P_NOT_PROVEN`, `P2P_TAMPERED`, `P2P_HANDSHAKE_TIMEOUT`
   */
  connect(to: Address | Contact, options?: WaitOptions & { readonly id?: PeerId }): Promise<Contact>

  /** Ends the links to a peer. It may come back by itself: this is no ban. Nothing happens if there is none. */
  disconnect(peer: Contact | PeerId): void

  /**
   * Why a node, or whoever is at an address, is here or not, as far as this node has seen it itself: never heard of, its dial refused, of another
   * network, at its limit, silent since. It asks nobody; see {@link find} for that.
   *
   * @param peer a node, or an address such as that of a seed
   */
  explain(peer: Contact | PeerId): Explanation

  /** Where a node of the network can be reached: known already, or asked of everybody. Default deadline 10 000 ms. @throws `P2P_PEER_NOT_FOUND`, `P2P_ABORTED`, `P2P_CLOSED` */
  find(id: PeerId, options?: WaitOptions): Promise<Contact>

  /**
   * To every node of the network. The id is the one under which all get it; only what is said before the first neighbour is there may come under a later epoch, if a former life of this
   * node is remembered that began no earlier. @throws `TypeError` for a body that cannot be encoded; `P2P_RESERVED_PROTOCOL`, `P2P_MESSAGE_TOO_LONG`, `P2P_CLOSED`
   */
  broadcast(protocol: string, body: unknown): MessageId

  /** To the neighbours only. @throws as {@link broadcast} */
  whisper(protocol: string, body: unknown): void

  /** Takes the messages of a protocol. @throws `P2P_PROTOCOL_TAKEN`, `P2P_RESERVED_PROTOCOL` */
  handle(protocol: string, handler: (message: Message) => unknown): Disposable

  /** Adds to the chain that is asked, in order, about messages without a handler; the first truthy answer takes the message. */
  use(middleware: Middleware): Disposable

  /** The next message without a handler. No deadline by default. @throws `P2P_CLOSED`, `P2P_TIMEOUT`, `P2P_ABORTED` */
  recv(options?: WaitOptions): Promise<Message>

  /** Messages without a handler that are there already, at most `count` (default 1). */
  poll(count?: number): Message[]

  /** Messages without a handler, until the mesh is closed. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Message>

  on<E extends keyof MeshEvents>(event: E, listener: MeshEvents[E]): this
  once<E extends keyof MeshEvents>(event: E, listener: MeshEvents[E]): this
  off<E extends keyof MeshEvents>(event: E, listener: MeshEvents[E]): this

  stats(): MeshStats

  /** Says goodbye, ends everything, and resolves when nothing is alive any more. Idempotent. */
  close(): Promise<void>
}
