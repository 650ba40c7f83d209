/** The version of the protocol that this package speaks. */
export const protocolVersion = 1

/** Length of the header that begins every message: version, kind, flags, length of the name. */
export const headerLength = 4

/** The kinds of messages. PROTOCOL.md, "Header". */
export const Kind = {
  hello: 0x01,
  refuse: 0x02,
  goodbye: 0x03,
  moved: 0x04,
  ping: 0x05,
  pong: 0x06,
  send: 0x10,
  request: 0x11,
  response: 0x12,
  reject: 0x13,
  cancel: 0x14,
  broadcast: 0x20,
  ihave: 0x21,
  graft: 0x22,
  prune: 0x23,
  gone: 0x24,
  signed: 0x25,
  join: 0x30,
  forwardJoin: 0x31,
  neighbour: 0x32,
  neighbourReply: 0x33,
  unneighbour: 0x34,
  shuffle: 0x35,
  probe: 0x36,
} as const

/** Unknown kinds from here on are skipped; lower ones close the link. */
export const firstIgnorableKind = 0x80

/** Unknown flags in these bits close the link; the others are ignored. */
export const criticalFlags = 0xf0

/** Why a link was refused or ended. PROTOCOL.md, "Refusal and goodbye". */
export const Reason = {
  wrongNetwork: 1,
  wrongVersion: 2,
  limit: 3,
  self: 4,
  notAdmitted: 5,
  malformed: 6,
  unexpectedId: 7,
  wrongSecurity: 8,
  leaving: 9,
  idle: 10,
  replaced: 11,
  disconnected: 12,
  wrongSigning: 13,
  forged: 14,
} as const

/** One of {@link Reason}, or a number that a newer version sent. */
export type ReasonCode = number
