import { P2PError } from '../errors.ts'

/** A promise of a contract that was not kept. */
export class ContractViolation extends P2PError<'P2P_CONTRACT_VIOLATION'> {
  constructor(message: string, options?: { cause?: unknown }) {
    super('P2P_CONTRACT_VIOLATION', message, options)
  }
}

/** @throws ContractViolation unless the condition holds */
export function check(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new ContractViolation(promise)
}

/** @throws ContractViolation unless both are the same value, or byte arrays of the same content */
export const same = (actual: unknown, expected: unknown, promise: string): void => {
  const equal =
    actual instanceof Uint8Array && expected instanceof Uint8Array
      ? actual.length === expected.length && actual.every((byte, index) => byte === expected[index])
      : Object.is(actual, expected)
  if (!equal) throw new ContractViolation(`${promise}: expected ${show(expected)}, got ${show(actual)}`)
}

/** What an action throws, or `undefined`. */
export const attempt = (action: () => unknown): unknown => {
  try {
    action()
  } catch (error) {
    return error
  }
  return undefined
}

/** Awaits a rejection with this code and returns the error. @throws ContractViolation otherwise */
export const rejectsWith = async (
  promise: Promise<unknown>,
  code: string,
  what: string,
): Promise<P2PError> => {
  let result: unknown
  try {
    result = await promise
  } catch (error) {
    if (P2PError.is(error, code)) return error
    throw new ContractViolation(`${what}: expected ${code}, got ${show(error)}`, { cause: error })
  }
  throw new ContractViolation(`${what}: expected ${code}, but it resolved with ${show(result)}`)
}

const show = (value: unknown): string => {
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (value instanceof Error)
    return `${value.name}${P2PError.is(value) ? ` ${value.code}` : ''}: ${value.message}`
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
