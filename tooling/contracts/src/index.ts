import type { ContractCase } from '@p2p/interfaces/contracts'
import { describe, it } from 'vitest'

/**
 * Binds a contract suite of `@p2p/interfaces/contracts` to vitest, one test per case. The suites themselves know no test runner,
 * so that a foreign implementation can prove itself with whatever it uses.
 */
export const runContract = (name: string, cases: readonly ContractCase[]): void => {
  describe(name, () => {
    for (const contractCase of cases) it(contractCase.name, contractCase.run)
  })
}
