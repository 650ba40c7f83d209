/** Both of a node's clocks at one moment, in milliseconds. */
export interface Moment {
  /** The wall clock: since 1970; it may step. */
  readonly wall: number
  /** The monotonic clock: since an arbitrary start; it does not step, and may stand still while the machine sleeps. */
  readonly monotonic: number
}

/** What a replica knows of the time when an entry was written, in terms of its own clocks. */
export interface Sighting {
  /** When this replica saw the entry first. */
  readonly first: Moment
  /** When its owner wrote it, as far as is known; never after `first`. */
  readonly written: Moment
  /**
   * Whether it was written here, in this life of the node. What a node wrote in a former life it hears of from others, and like them it is late then by what no age counts.
   */
  readonly own: boolean
}

/**
 * How long the others wait beyond a lease's end, in milliseconds, before they take over: it covers the time that a write is under way, which no age counts.
 */
export const takeoverGrace = 5_000

/** An entry that this node writes at this moment. */
export const sightOwn = (now: Moment): Sighting => ({ first: now, written: now, own: true })

/** An entry that was just heard of for the first time, with the age that came with it, in milliseconds. */
export const sight = (age: number, now: Moment): Sighting => ({
  first: now,
  written: age === 0 ? now : before(now, age),
  own: false,
})

/**
 * The same entry, told again: the smaller age counts, so that a slow path does not shorten a lease, but none younger than the first sight, so that no message makes a lease outlive first sight + duration.
 */
export const sightAgain = (seen: Sighting, age: number, now: Moment): Sighting => {
  const { first, written, own } = seen
  const told = before(now, age)
  const wall = Math.min(Math.max(written.wall, told.wall), first.wall)
  const monotonic = Math.min(Math.max(written.monotonic, told.monotonic), first.monotonic)
  return wall === written.wall && monotonic === written.monotonic
    ? seen
    : { first, written: { wall, monotonic }, own }
}

/** The age to send along with an entry: whole milliseconds since its owner wrote it. By the monotonic clock, which does not step. */
export const ageOf = (seen: Sighting, now: Moment): number =>
  Math.max(0, Math.floor(now.monotonic - seen.written.monotonic))

/**
 * When a lease ends in its holder's own eyes, as milliseconds from `now`, at most 0 when it has: as soon as either of its clocks says so. One of a former life has: nobody here
 * knows exactly when it was written, and the others might take over first.
 */
export const remainingForHolder = (seen: Sighting, duration: number, now: Moment): number =>
  seen.own ? Math.min(remaining(seen, 'wall', duration, now), remaining(seen, 'monotonic', duration, now)) : 0

/**
 * When others may take over, as milliseconds from `now`, at most 0 when they may: when both of their clocks say that the lease is over, plus {@link takeoverGrace}.
 */
export const remainingForOthers = (seen: Sighting, duration: number, now: Moment): number =>
  Math.max(remaining(seen, 'wall', duration, now), remaining(seen, 'monotonic', duration, now)) +
  takeoverGrace

const remaining = (seen: Sighting, clock: keyof Moment, duration: number, now: Moment) =>
  seen.written[clock] + duration - now[clock]

const before = (now: Moment, age: number): Moment => ({
  wall: now.wall - age,
  monotonic: now.monotonic - age,
})
