/** Consecutive messages of one stream. */
export interface StreamRange {
  /** Origin and epoch, a character per byte. */
  readonly key: string
  readonly first: number
  readonly last: number
}

/** Most ranges in one message. */
export const maxRanges = 256

/** The same ranges, as many at a time as one message takes: nearly always all of them. */
export const inMessages = (ranges: readonly StreamRange[]): readonly (readonly StreamRange[])[] => {
  if (ranges.length <= maxRanges) return ranges.length === 0 ? [] : [ranges]
  const messages: (readonly StreamRange[])[] = []
  for (let at = 0; at < ranges.length; at += maxRanges) messages.push(ranges.slice(at, at + maxRanges))
  return messages
}

/** Adds a number to ranges, to the last one if it follows it. */
export const extend = (ranges: StreamRange[], key: string, sequence: number): void => {
  const last = ranges.at(-1)
  if (last?.key === key && last.last === sequence - 1) ranges[ranges.length - 1] = { ...last, last: sequence }
  else ranges.push({ key, first: sequence, last: sequence })
}
