/**
 * A network of nodes that find each other: to all, to one, no server.
 *
 * @packageDocumentation
 */
export type { AnnounceContext, Announcer } from './announcing.ts'
export type { DialAttempt } from './core/acquaintances.ts'
export { createMesh } from './create-mesh.ts'
export { MeshError, type MeshErrorCode } from './errors.ts'
export type { Explanation, Standing } from './explain.ts'
export type { Middleware } from './handlers.ts'
export { createIdentity, type Identity, identityFromKey, idOf } from './identity.ts'
export { defaultLimits, type MeshLimits } from './limits.ts'
export type { LinkInfo, Mesh, MeshEvents, MeshOptions, MeshStats } from './mesh.ts'
export type { Message } from './message.ts'
export { plaintext, type SecuredConnection, type Security, type SecurityContext } from './security.ts'
// What the options and methods are typed with, so that a program needs no second import
export type { Address, Contact, PeerChange, PeerId } from '@p2p/interfaces'
