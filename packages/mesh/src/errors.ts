import { P2PError } from '@p2p/interfaces'

/** Codes of {@link MeshError}. */
export type MeshErrorCode =
  /** An option or an argument is not usable. */
  | 'P2P_BAD_OPTION'
  /** The address is not of the form `scheme://rest`. */
  | 'P2P_BAD_ADDRESS'
  /** None of the mesh's transports has this scheme. */
  | 'P2P_UNKNOWN_SCHEME'
  /** The other node belongs to another network. */
  | 'P2P_WRONG_NETWORK'
  /** Another node than the expected one answered. */
  | 'P2P_UNEXPECTED_ID'
  /** The two nodes speak no common version of the protocol. */
  | 'P2P_WRONG_VERSION'
  /** The address leads back to this node. */
  | 'P2P_CONNECTED_TO_SELF'
  /** The other node, or this one, is at one of its limits. */
  | 'P2P_LIMIT_REACHED'
  /** The other node does not admit this one, or this one does not admit it: the option `admit`. */
  | 'P2P_NOT_ADMITTED'
  /** This node speaks in clear, and the other one only through protected links. */
  | 'P2P_WRONG_SECURITY'
  /** One of the two nodes has origins sign what they broadcast, and the other has not: the option `signed`. */
  | 'P2P_WRONG_SIGNING'
  /** A peer passed on what its origin has not said; its link was closed. */
  | 'P2P_FORGED'
  /** A peer broke the protocol; its link was closed. */
  | 'P2P_MALFORMED'
  /** The handshake took too long, or the connection ended in it. */
  | 'P2P_HANDSHAKE_FAILED'
  /** No way was found to the node, or its link was lost while something waited for it. */
  | 'P2P_PEER_UNREACHABLE'
  /** Nothing was heard from the peer for too long. */
  | 'P2P_PEER_SILENT'
  /** The network does not answer for this id. */
  | 'P2P_PEER_NOT_FOUND'
  /** The other node has no handler for the request's protocol. */
  | 'P2P_NO_HANDLER'
  /** The other node's handler failed. */
  | 'P2P_REQUEST_FAILED'
  /** The protocol's name begins with `/mesh/`, which is the mesh's own. */
  | 'P2P_RESERVED_PROTOCOL'
  /** The protocol has a handler already. */
  | 'P2P_PROTOCOL_TAKEN'
  /** The message is longer than the limit. */
  | 'P2P_MESSAGE_TOO_LONG'
  /** The mesh is closed or closing. */
  | 'P2P_CLOSED'
  /** The identity's file cannot be used. */
  | 'P2P_BAD_IDENTITY'
  /** Another process has the key of this node, or two have that of a peer. */
  | 'P2P_IDENTITY_IN_USE'
  /** A handler or a listener of the application, or something else that it gave to the mesh, failed. */
  | 'P2P_HANDLER_FAILED'

/** An error of `@p2p/mesh`. Decide on its `code`. */
export class MeshError extends P2PError<MeshErrorCode> {}
