import type { Loss } from '../network/medium.ts'
import type { SimulatedNetwork } from '../network/network.ts'
import type { Fault } from './fault.ts'

/** What a fault does to a host. */
interface Victim {
  crash(): void
  kill(): void
  restart(options: { readonly store: 'kept' | 'lost' }): void
  pause(): void
  resume(): void
  stepClock(milliseconds: number): void
}

/** Lets faults happen and undoes them. */
export class FaultInjector {
  readonly #network: SimulatedNetwork
  readonly #find: (name: string) => Victim | undefined
  readonly #trace: (host: string, what: string) => void
  readonly #rates: number[] = []
  #quietLoss: Loss = 0

  constructor(
    network: SimulatedNetwork,
    find: (name: string) => Victim | undefined,
    trace: (host: string, what: string) => void,
  ) {
    this.#network = network
    this.#find = find
    this.#trace = trace
  }

  /** Lets a fault happen; answers how to undo it. @throws `RangeError` for a host that does not exist */
  begin(fault: Fault): (() => void) | undefined {
    switch (fault.kind) {
      case 'partition':
        return this.#cut(
          `partition: ${fault.groups.map(group => group.join(' ')).join(' | ')}`,
          this.#network.partition(...fault.groups),
        )
      case 'block':
        return this.#cut(
          `block: ${fault.from.join(' ')} to ${fault.to.join(' ')}`,
          this.#network.block(fault.from, fault.to),
        )
      case 'loss':
        return this.#lose(fault.rate)
      case 'crash':
      case 'kill': {
        const victim = this.#victim(fault.host)
        if (fault.kind === 'kill') victim.kill()
        else victim.crash()
        return () => victim.restart({ store: fault.store })
      }
      case 'pause': {
        const victim = this.#victim(fault.host)
        victim.pause()
        return () => victim.resume()
      }
      case 'clock':
        this.#victim(fault.host).stepClock(fault.by)
        return undefined
    }
  }

  #victim(name: string): Victim {
    const victim = this.#find(name)
    if (victim === undefined) throw new RangeError(`a fault names ${name}, and there is no such host`)
    return victim
  }

  #cut(what: string, cut: { repair(): void }): () => void {
    this.#trace('', what)
    return () => {
      this.#trace('', `end of ${what}`)
      cut.repair()
    }
  }

  #lose(rate: number): () => void {
    const what = `loss of ${rate * 100} %`
    if (this.#rates.length === 0) this.#quietLoss = this.#network.loss
    this.#rates.push(rate)
    this.#setLoss()
    this.#trace('', what)
    return () => {
      this.#trace('', `end of ${what}`)
      this.#rates.splice(this.#rates.indexOf(rate), 1)
      this.#setLoss()
    }
  }

  /** The worst of all that is going on. */
  #setLoss(): void {
    const quiet = this.#quietLoss
    const rate = Math.max(0, ...this.#rates)
    if (this.#rates.length === 0) this.#network.loss = quiet
    else if (typeof quiet === 'number') this.#network.loss = Math.max(quiet, rate)
    else this.#network.loss = (from, to) => Math.max(quiet(from, to), rate)
  }
}
