import { MeshError } from '../errors.ts'

/** The error for bytes that break the protocol; the link that carried them is closed with it. */
export const malformed = (what: string, cause?: unknown): MeshError =>
  new MeshError('P2P_MALFORMED', `the peer sent ${what}`, cause === undefined ? undefined : { cause })
