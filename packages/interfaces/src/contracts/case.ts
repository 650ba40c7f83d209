/** One promise of a contract, as a sentence, and the check that it is kept: it rejects when it is not. */
export interface ContractCase {
  /** What is promised, as a sentence. */
  readonly name: string
  /** Sets up what it needs, checks, and leaves nothing behind. */
  readonly run: () => Promise<void>
}
