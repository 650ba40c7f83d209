import type { NoiseErrorCode } from '@p2p/noise'
import { MeshError, type MeshErrorCode } from '../errors.ts'

/** How somebody who answers refuses us, the most telling first: what the node itself says comes before what another one in its place says. */
const refusals: readonly (MeshErrorCode | NoiseErrorCode)[] = [
  'P2P_NOT_ADMITTED',
  'P2P_LIMIT_REACHED',
  'P2P_WRONG_SIGNING',
  'P2P_WRONG_SECRET',
  'P2P_WRONG_NETWORK',
  'P2P_WRONG_VERSION',
  'P2P_WRONG_SECURITY',
  'P2P_PLAINTEXT',
  'P2P_NOT_PROVEN',
  'P2P_TAMPERED',
  'P2P_UNEXPECTED_ID',
  'P2P_CONNECTED_TO_SELF',
  'P2P_MALFORMED',
]

/** Of the dials that an error of `LinkManager.reach` stands for, the most telling refusal; `undefined` if nobody answered. */
export const refusalIn = (error: unknown): Error | undefined => {
  if (!MeshError.is(error, 'P2P_PEER_UNREACHABLE')) return undefined
  const dials: readonly unknown[] = error.cause instanceof AggregateError ? error.cause.errors : [error.cause]
  for (const code of refusals) {
    const refusal = dials.find(dial => MeshError.is(dial, code))
    if (refusal instanceof Error) return refusal
  }
  return undefined
}
