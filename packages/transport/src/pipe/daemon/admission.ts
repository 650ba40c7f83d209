import type { Address } from '@p2p/interfaces'
import { asError } from '../../queued-connection.ts'
import { PipeError } from '../errors.ts'
import type { Candidate, DaemonOptions } from './options.ts'

/** Asks whether somebody is let in. Answers at once where `admit` does. @returns why not, `undefined` if so; it does not reject */
export const askAdmission = <T>(
  admit: DaemonOptions<T>['admit'],
  candidate: Candidate<T>,
): Promise<PipeError | undefined> | PipeError | undefined => {
  if (admit === undefined) return undefined
  const { stage, address } = candidate
  const judge = (admitted: boolean) =>
    admitted ? undefined : new PipeError('P2P_NOT_ADMITTED', `${whatOf(stage)} ${address} was not admitted`)
  const failed = (cause: unknown) => {
    const what = `admit failed for ${whatOf(stage)} ${address}: ${asError(cause).message}`
    return new PipeError('P2P_ADMISSION_FAILED', what, { cause })
  }
  try {
    const answer = admit(candidate)
    return typeof answer === 'boolean' ? judge(answer) : Promise.resolve(answer).then(judge, failed)
  } catch (error) {
    return failed(error)
  }
}

const whatOf = (stage: Candidate['stage']) => (stage === 'message' ? 'a message of' : 'the peer')

/** The error for one peer too many. */
export const peerLimit = (address: Address, most: number): PipeError =>
  new PipeError('P2P_PEER_LIMIT', `${address} was turned away: ${most} peers are here`)
