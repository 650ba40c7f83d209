import type { SeededRandom } from '../random.ts'

/** When a fault begins, in virtual milliseconds since the beginning of the run, and how long it lasts. */
interface Span {
  readonly at: number
  /** Milliseconds until it is undone: repaired, restarted, resumed. */
  readonly lasts: number
}

/** The network falls into these groups of hosts; those that are not named are one group more. */
export interface PartitionFault extends Span {
  readonly kind: 'partition'
  readonly groups: readonly (readonly string[])[]
}

/** What goes from these hosts to those is lost. */
export interface BlockFault extends Span {
  readonly kind: 'block'
  readonly from: readonly string[]
  readonly to: readonly string[]
}

/** A host goes down and starts again: its power fails, or only its process is killed. */
export interface CrashFault extends Span {
  readonly kind: 'crash' | 'kill'
  readonly host: string
  /** Whether what it had stored is there when it starts again. */
  readonly store: 'kept' | 'lost'
}

/** A host stands still. */
export interface PauseFault extends Span {
  readonly kind: 'pause'
  readonly host: string
}

/** Segments are lost with at least this probability. */
export interface LossFault extends Span {
  readonly kind: 'loss'
  readonly rate: number
}

/** A host's wall clock is set by so many milliseconds, and stays so. */
export interface ClockFault {
  readonly kind: 'clock'
  readonly at: number
  readonly host: string
  readonly by: number
}

/** One thing that goes wrong: a line of a script. */
export type Fault = PartitionFault | BlockFault | CrashFault | PauseFault | LossFault | ClockFault

/** How often a kind of fault happens in the whole network, and how long it lasts. */
export interface Recurrence {
  /** Milliseconds between the beginnings of two, on average. */
  readonly every: number
  /** Milliseconds that it lasts: drawn evenly from this range. */
  readonly lasts: { readonly min: number; readonly max: number }
}

/** What may go wrong; the rest does not. */
export interface FaultPlan {
  /** Milliseconds from now within which faults happen. At the end all of them are over. */
  readonly duration: number
  /** The hosts fall into two or three groups, any cut being as likely as any other. */
  readonly partitions?: Recurrence
  /** Two groups, of which one does not hear the other. */
  readonly blocks?: Recurrence
  readonly crashes?: Recurrence & {
    /** The probability that what was stored is lost. Default 0. */
    readonly storeLost?: number
    /** The probability that the process is killed instead of the machine. Default 0. */
    readonly killed?: number
    /** So many hosts are down at the same time at most. Default half of them. */
    readonly most?: number
  }
  readonly pauses?: Recurrence
  readonly clockSteps?: {
    readonly every: number
    /** Milliseconds by which a clock is set at most, forwards or backwards. */
    readonly by: number
  }
  readonly losses?: Recurrence & {
    /** The probability that a segment is lost meanwhile. */
    readonly rate: number
  }
}

/**
 * Draws a script of faults, in the order in which they begin. Each kind has dice of its own, so that one kind more does not move the others,
 * except that a host that is down is not paused.
 */
export const drawFaults = (
  plan: FaultPlan,
  hosts: readonly string[],
  random: SeededRandom,
  start = 0,
): Fault[] => {
  const draw = <T extends Fault>(
    kind: string,
    recurrence: Recurrence | undefined,
    make: (span: Span, dice: SeededRandom) => T | undefined,
  ): T[] => {
    if (recurrence === undefined) return []
    const dice = random.fork(kind)
    const faults: T[] = []
    for (const span of spans(recurrence, start, start + plan.duration, dice)) {
      const fault = make(span, dice)
      if (fault !== undefined) faults.push(fault)
    }
    return faults
  }
  const { partitions, blocks, crashes, pauses, clockSteps, losses } = plan
  // Hosts that are down or paused, and when.
  const taken: Taken[] = []

  const cuts = draw<Fault>('partitions', partitions, (span, dice) => {
    return { kind: 'partition', ...span, groups: split(hosts, 2 + dice.integer(2), dice) }
  })
  const blocked = draw<Fault>('blocks', blocks, (span, dice) => {
    const [from = [], to = []] = split(hosts, 2, dice)
    return { kind: 'block', ...span, from, to }
  })
  const most = crashes?.most ?? Math.floor(hosts.length / 2)
  const crashed = draw<Fault>('crashes', crashes, (span, dice) => {
    const host = takeFree(hosts, taken, span, dice, most)
    if (host === undefined) return undefined
    const kind = dice.chance(crashes?.killed ?? 0) ? 'kill' : 'crash'
    return { kind, ...span, host, store: dice.chance(crashes?.storeLost ?? 0) ? 'lost' : 'kept' }
  })
  const paused = draw<Fault>('pauses', pauses, (span, dice) => {
    const host = takeFree(hosts, taken, span, dice, Infinity)
    return host === undefined ? undefined : { kind: 'pause', ...span, host }
  })
  const steps = clockSteps && { every: clockSteps.every, lasts: { min: 0, max: 0 } }
  const stepped = draw<Fault>('clocks', steps, ({ at }, dice) => {
    const by = clockSteps?.by ?? 0
    return { kind: 'clock', at, host: dice.pick(hosts), by: Math.round(dice.between(-by, by)) }
  })
  const lost = draw<Fault>('losses', losses, span => ({ kind: 'loss', ...span, rate: losses?.rate ?? 0 }))
  return [...cuts, ...blocked, ...crashed, ...paused, ...stepped, ...lost].sort((a, b) => a.at - b.at)
}

const spans = function* (
  { every, lasts }: Recurrence,
  start: number,
  end: number,
  dice: SeededRandom,
): Generator<Span> {
  for (let at = start + dice.exponential(every); at < end; at += dice.exponential(every)) {
    yield { at, lasts: Math.min(dice.between(lasts.min, lasts.max), end - at) }
  }
}

/** So many groups, of which none is empty if there are enough names. */
const split = (names: readonly string[], count: number, dice: SeededRandom): string[][] => {
  const groups: string[][] = Array.from({ length: count }, () => [])
  dice.shuffle(names).forEach((name, index) => {
    groups[index < count ? index : dice.integer(count)]?.push(name)
  })
  return groups
}

interface Taken extends Span {
  readonly host: string
}

/** Takes a host that is free during the span, unless as many as allowed are taken then. */
const takeFree = (
  hosts: readonly string[],
  taken: Taken[],
  span: Span,
  dice: SeededRandom,
  most: number,
): string | undefined => {
  const busy = taken.filter(({ at, lasts }) => at <= span.at + span.lasts && span.at <= at + lasts)
  const free = hosts.filter(name => !busy.some(({ host }) => host === name))
  if (busy.length >= most || free.length === 0) return undefined
  const host = dice.pick(free)
  taken.push({ ...span, host })
  return host
}
