import { P2PError } from '@p2p/interfaces'
import type { Mesh } from '../src/index.ts'
import { soon } from './soon.ts'

export const codeOf = (error: unknown): string =>
  P2PError.is(error) ? error.code : `not coded: ${String(error)}`

/** Why a node turns the next one away. */
export const refusal = (mesh: Mesh): Promise<Error> =>
  soon('the event refused', come => mesh.once('refused', (_, error) => come(error)))

/** … as a code. */
export const refusalCode = (mesh: Mesh): Promise<string> =>
  soon('the event refused', come => mesh.once('refused', (_, error) => come(codeOf(error))))
