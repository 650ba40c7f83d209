import type { Moment } from '@p2p/replica'

/** A request's body. */
export type Question = Readonly<Record<string, unknown>>

/** The reply to it, as it came, and the moment when it did. */
export interface Answer {
  readonly body: unknown
  readonly now: Moment
}

/** A conversation in which this node asks: each question that it yields wants its answer back. What it throws ends it. */
export type Conversation<Result> = Generator<Question, Result, Answer>

/** What a replica got out of what it was told. */
export interface Gain {
  /** Entries that it did not know although they are too old to be on their way as broadcasts. */
  readonly late: number
  /** Entries that it would not take. */
  readonly refused: number
}
