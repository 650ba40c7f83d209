/** What one turn of a contender gave: a figure for each metric of its case. */
export type Sample = Readonly<Record<string, number>>

/** Somebody who does the work of a case. */
export interface Contender {
  /** `ours`, a peer's name, or `limit: …` for a program that does the work and nothing else. */
  readonly subject: string
  /** Does the work once. The first call is not counted: it is for warming up. */
  readonly measure: () => Sample | Promise<Sample>
}

/** Somebody who cannot take part, and why. */
export interface Absent {
  readonly subject: string
  readonly reason: string
}

/** The contenders of a case, ready to take turns. */
export interface Field extends AsyncDisposable {
  readonly contenders: readonly Contender[]
  readonly absent?: readonly Absent[]
}

/** A contender with what keeps it alive. */
export const field = (
  contenders: readonly Contender[],
  more: { readonly absent?: readonly Absent[]; readonly close?: () => unknown } = {},
): Field => ({
  contenders,
  absent: more.absent ?? [],
  [Symbol.asyncDispose]: async () => {
    await more.close?.()
  },
})

/**
 * What an issue asks of us: of the figure itself, of its ratio to somebody else's, or of the difference. Ratios and differences are taken in each round,
 * and their median counts.
 */
export interface Bar {
  readonly metric: string
  /** Who is judged. Default `ours`. */
  readonly subject?: string
  /** Whose figure divides ours, or is subtracted from it; without one the figure itself counts. */
  readonly against?: string
  readonly by: 'ratio' | 'difference' | 'value'
  readonly atLeast?: number
  readonly atMost?: number
}

/** At least so many times the figure of somebody else. */
export const times = (metric: string, against: string, atLeast: number, subject?: string): Bar => ({
  metric,
  against,
  by: 'ratio',
  atLeast,
  ...(subject !== undefined && { subject }),
})

/** At most so many times the figure of somebody else. */
export const within = (metric: string, against: string, atMost: number): Bar => ({
  metric,
  against,
  by: 'ratio',
  atMost,
})

/** Work that several do in turns. Each case has a process of its own, so that none sees what another has taught the compiler. */
export interface Case {
  readonly name: string
  /** The metrics, each with its unit. */
  readonly metrics: Readonly<Record<string, string>>
  readonly bars: readonly Bar[]
  /** For what takes long: no more rounds than this. */
  readonly mostRuns?: number
  /** Nothing is to be warmed up: the first turn counts. Default `false`. */
  readonly isCold?: boolean
  /** How long a turn may take, in milliseconds, and getting ready for the first, before the case has failed. Default 120 000. */
  readonly longestTurn?: number
  readonly open: () => Field | Promise<Field>
}

/** What belongs together, and is asked for by its name. */
export interface Suite {
  readonly name: string
  readonly about: string
  readonly cases: readonly Case[]
}
