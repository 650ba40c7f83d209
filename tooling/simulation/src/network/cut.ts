import type { Place } from './place.ts'
import type { Stream } from './stream.ts'

/** A disturbance between hosts, until it is repaired. */
export interface Cut extends Disposable {
  /** Undoes it. What was held goes on now; what was lost is sent again when its time comes. Idempotent. */
  repair(): void
}

/** All disturbances of a network at the moment. */
export class Cuts {
  /** Whether there is any. */
  any = false
  #cuts: ActiveCut[] = []

  add(fate: 'lost' | 'held', between: (from: Place, to: Place) => boolean): Cut {
    const cut = new ActiveCut(fate, between, () => {
      this.#cuts = this.#cuts.filter(other => other !== cut)
      this.any = this.#cuts.length > 0
    })
    this.#cuts.push(cut)
    this.any = true
    return cut
  }

  /** The cut that keeps a segment from its way, if there is one. A hold goes before a loss. */
  find(from: Place, to: Place): ActiveCut | undefined {
    let found: ActiveCut | undefined
    for (const cut of this.#cuts) {
      if (found?.fate !== 'held' && cut.between(from, to)) found = cut
    }
    return found
  }

  /** Undoes all of them. */
  repair(): void {
    for (const cut of this.#cuts) cut.repair()
  }
}

/** One disturbance. */
export class ActiveCut implements Cut {
  readonly fate: 'lost' | 'held'
  readonly between: (from: Place, to: Place) => boolean
  readonly #remove: () => void
  #held: Stream[] = []

  constructor(fate: 'lost' | 'held', between: (from: Place, to: Place) => boolean, remove: () => void) {
    this.fate = fate
    this.between = between
    this.#remove = remove
  }

  /** Keeps a stream whose next segment is held. */
  hold(stream: Stream): void {
    this.#held.push(stream)
  }

  repair(): void {
    this.#remove()
    const held = this.#held
    this.#held = []
    for (const stream of held) stream.goOn()
  }

  [Symbol.dispose](): void {
    this.repair()
  }
}
