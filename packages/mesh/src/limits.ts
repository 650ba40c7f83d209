/** All that a stranger can make grow, and how far. SECURITY.md has the table of the whole family. */
export interface MeshLimits {
  /** Longest message, in bytes, header included. */
  readonly message: number
  /** Links at one time, handshakes included. */
  readonly links: number
  /** Links at one time whose other end has the same host. */
  readonly linksPerHost: number
  /** Inbound handshakes in progress: so many that are being secured, and so many that are to say HELLO. Of those being secured the oldest of the host that has most gives way, of the others the oldest. */
  readonly handshakes: number
  /** Bytes queued for one peer; a peer that takes them slower than we make them loses its link. */
  readonly queue: number
  /** Requests of one peer that our handlers are working on, and the bytes of their bodies. */
  readonly requestsPerPeer: number
  readonly requestBytesPerPeer: number
  /** Our own requests in progress. */
  readonly requests: number
  /** Messages without a handler that wait to be read, and the bytes of their bodies; the oldest gives way. */
  readonly inbox: number
  readonly inboxBytes: number
  /** Bytes of recent broadcasts that are kept for those who missed them. */
  readonly log: number
  /** Streams of broadcasts that are remembered: an origin has one, two after a restart. */
  readonly origins: number
  /** Nodes that we have met and remember. */
  readonly contacts: number
}

export const defaultLimits: MeshLimits = {
  message: 4 * 1024 * 1024,
  links: 512,
  linksPerHost: 256,
  handshakes: 64,
  queue: 16 * 1024 * 1024,
  requestsPerPeer: 1024,
  requestBytesPerPeer: 16 * 1024 * 1024,
  requests: 16_384,
  inbox: 4096,
  inboxBytes: 64 * 1024 * 1024,
  log: 8 * 1024 * 1024,
  origins: 16_384,
  contacts: 1024,
}

/** Times, in milliseconds. They are the protocol's, not options: nodes that disagree on them would hurt each other. */
export const times = {
  /** A connection that has not said who it is by then is dropped. */
  handshake: 5_000,
  /** Something leaves on each link at least so often; so that is how often a node looks at its links, or a little more often. */
  sign: 3_500,
  /** At each look the links on which nothing was sent for so long are given a sign of life, and what is to be announced leaves: most looks are for all links at once. */
  quiet: 1_750,
  /** How often a node that has too few neighbours looks for more. */
  tick: 1_750,
  /** So long a healthy node may be stopped. */
  stopped: 5_000,
  /**
   * A link from which nothing has come for so long is dead, unless its round trip is so long that it is given more: above a sign of life, a stop just then, and a segment
   * lost twice on the way; below the 10 s by which its neighbours must know.
   */
  dead: 9_500,
  /** A lost segment is sent again so much later than after a round trip: the least that Linux waits. */
  retransmission: 200,
  /** However slow a link is, after so much silence it is dead. */
  deadSlow: 30_000,
  /** A look that comes so much later than it was due shows that we were stopped ourselves. */
  tolerance: 1_000,
  /** So long after such a look no link is given up: what came meanwhile is read, and a segment lost twice is said again. */
  patience: 1_000,
  /** Between two measurements of a link's round trip, once the first ones are done. */
  ping: 120_000,
  /** A link to a node that is no neighbour is closed when nothing has used it for so long, sooner if nothing ever has. */
  idle: 60_000,
  unused: 5_000,
  /**
   * Between two probes of a remembered node, so that a divided network becomes one again; between those of a node that has seen no trouble for long; and of one that
   * has seen none and whose last probe of everybody it remembers found somebody.
   */
  probe: 6_000,
  calmProbe: 24_000,
  idleProbe: 96_000,
  /** Broadcasts that are older are dropped. */
  retention: 60_000,
  /** Between two shuffles. */
  shuffle: 40_000,
  /** A node without neighbours tries its seeds and what it remembers at intervals that grow from the first to the last. */
  firstRetry: 500,
  lastRetry: 6_000,
  /** Default deadline of `connect`, `request`, `find`. */
  answer: 10_000,
  /** Time that `close` gives the last messages to leave. */
  goodbye: 2_000,
}
