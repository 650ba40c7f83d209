/** Consecutive messages of one stream. */
export interface StreamRange {
  /** Origin and epoch, a character per byte. */
  readonly key: string
  readonly first: number
  readonly last: number
}

/** Most ranges in one message. */
export const maxRanges = 256

/** The same ranges, as many at a time as one message takes. */
export function* inMessages(ranges: readonly StreamRange[]): Generator<readonly StreamRange[]> {
  for (let at = 0; at < ranges.length; at += maxRanges) yield ranges.slice(at, at + maxRanges)
}

/** Adds a number to ranges, to the last one if it follows it. */
export const extend = (ranges: StreamRange[], key: string, sequence: number): void => {
  const last = ranges.at(-1)
  if (last?.key === key && last.last === sequence - 1) ranges[ranges.length - 1] = { ...last, last: sequence }
  else ranges.push({ key, first: sequence, last: sequence })
}
