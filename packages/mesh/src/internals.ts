/**
 * The parts of a mesh, for the simulator, which plants bugs in them to see whether its checks catch them. Not published: this entry exists in the workspace only.
 *
 * @packageDocumentation
 */
export { Book } from './core/book.ts'
export { Component } from './core/component.ts'
export { Membership } from './core/membership.ts'
export { Plumtree } from './core/plumtree.ts'
export { SequenceWindow } from './core/sequence-window.ts'
export { times } from './limits.ts'
export { Broadcasts } from './broadcasts.ts'
export { Link } from './link/link.ts'
export { Peer } from './link/peer.ts'
export { Requests } from './requests.ts'
