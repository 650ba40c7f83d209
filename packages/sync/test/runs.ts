/** How often a property is tried: so many times, or `RUNS` as often. */
export const runs = (count: number): { numRuns: number } => ({
  numRuns: count * Number(process.env['RUNS'] ?? 1),
})
