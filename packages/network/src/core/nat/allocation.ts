/** A port of ours, and the port that the world saw for it. */
export interface PortSample {
  readonly local: number
  readonly external: number
}

/**
 * How a NAT chooses the ports that the world sees (FEATURES P5). `equal`: the machine's own. `offset`: the own plus `step`. `sequential`: the last one
 * plus `step`, whatever the own. `dependent`: plus `step` where the own one grows by 1. `random`: not to be told beforehand.
 */
export interface PortAllocation {
  readonly kind: 'equal' | 'offset' | 'sequential' | 'dependent' | 'random'
  /** Signed; 0 for `equal` and `random`. */
  readonly step: number
  /** The share of the samples that agree, 0 … 1; for `random`, that agree with nothing. */
  readonly confidence: number
  /** How many mappings were looked at. */
  readonly samples: number
}

/** The share of the samples that must agree. Other machines behind the same NAT take ports in between. */
const enough = 0.6

/** From -32768 to 32767: ports go round. */
const distance = (from: number, to: number) => ((to - from + 32_768 + 65_536) % 65_536) - 32_768

/** The value that occurs most often, and its share. */
const most = (values: readonly number[]) => {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  let best = { value: 0, share: 0 }
  for (const [value, count] of counts) {
    const share = count / values.length
    if (share > best.share) best = { value, share }
  }
  return best
}

/** Distances between the external ports of neighbours in a series. */
const steps = (series: readonly PortSample[]) =>
  series.slice(1).map((sample, index) => distance((series[index] as PortSample).external, sample.external))

/**
 * Tells how ports are chosen, from mappings in the order in which they were made.
 *
 * @param scattered of unrelated local ports
 * @param consecutive of local ports each 1 above the last; empty if the first series decides
 */
export const allocationOf = (
  scattered: readonly PortSample[],
  consecutive: readonly PortSample[] = [],
): PortAllocation => {
  const all = [...scattered, ...consecutive]
  const samples = all.length
  const offset = most(all.map(({ local, external }) => distance(local, external)))
  if (samples > 0 && offset.share >= enough) {
    const kind = offset.value === 0 ? 'equal' : 'offset'
    return { kind, step: offset.value, confidence: offset.share, samples }
  }
  // Two distances that are the same by accident are rare; one alone is always the same as itself
  const sequential = most([...steps(scattered), ...steps(consecutive)])
  if (samples > 3 && sequential.share >= enough && sequential.value !== 0)
    return { kind: 'sequential', step: sequential.value, confidence: sequential.share, samples }
  const dependent = most(steps(consecutive))
  if (consecutive.length > 3 && dependent.share >= enough && dependent.value !== 0)
    return { kind: 'dependent', step: dependent.value, confidence: dependent.share, samples }
  const confidence = 1 - Math.max(offset.share, sequential.share, dependent.share)
  return { kind: 'random', step: 0, confidence: Math.max(0, confidence), samples }
}

/** A port moved by some steps; it goes round within 1024 … 65535, as NATs leave the well-known ports alone. */
export const movePort = (port: number, by: number): number => {
  const span = 65_536 - 1_024
  return 1_024 + ((((port - 1_024 + by) % span) + span) % span)
}
