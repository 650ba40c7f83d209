/**
 * A path between two nodes behind NATs: UDP and TCP hole punching.
 *
 * @packageDocumentation
 */
export { maxCandidates, type PunchOffer, type PunchTransport } from './core/punch/offer.ts'
export type { PathKind, Punched } from './punch/attempt.ts'
export { type Exchange, punch, type PunchOptions, punchPatience, punchTimeout } from './punch/punch.ts'
