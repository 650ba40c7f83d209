import type { SeededRandom } from '@p2p/simulation'

/** What became of an input: the decoder took it, or refused it with the error that it documents. */
export type Verdict = 'accepted' | 'refused'

/** Something that decodes, ready to be fed. */
export interface Subject {
  /** Feeds one input. @throws what is wrong: anything but a {@link Verdict} is a failure */
  check(input: Uint8Array): Verdict | Promise<Verdict>
  /** Ends it, after a last look. @throws what is wrong */
  close?(): Promise<void>
}

/** A decoder that can be fuzzed. */
export interface Target {
  readonly name: string
  /** What it is, in a line. */
  readonly about: string
  /** An input of its own kind, beside damaged bytes of the corpus. */
  readonly generate?: (random: SeededRandom, corpus: readonly Uint8Array[]) => Uint8Array
  open(): Subject | Promise<Subject>
}
