import type { Address } from '@p2p/interfaces'
import type { Message } from '@p2p/mesh'
import type { SeededRandom } from '@p2p/simulation'
import type { Life } from '../world/life.ts'
import type { World } from '../world/world.ts'

/** Nothing is wrong for so long before and after: then what one node says to another one arrives. */
const calmBefore = 15_000
const calmAfter = 10_000

const sends = '/letter'
const requests = '/double'

interface Letter {
  readonly at: number
  readonly number: number
  readonly from: Life
  readonly to: Life
  readonly near: boolean
  arrived: boolean
}

/** What one node says to another: it arrives, in order, once; answers are those to the question. */
export class Directs {
  readonly #world: World
  /** What a life has still to send to a host, one after the other. */
  readonly #queues = new Map<Life, Map<string, Promise<void>>>()
  readonly #letters = new Map<number, Letter>()
  /** The last number that a life has had from another one. */
  readonly #last = new Map<Life, Map<Life, number>>()
  #waiting: Letter[] = []
  #number = 0
  #questions = 0

  constructor(world: World) {
    this.#world = world
    world.onSample(() => this.#judge())
  }

  /** Letters and questions so far. */
  get count(): number {
    return this.#number + this.#questions
  }

  attach(life: Life): void {
    life.mesh.handle(sends, message => this.#receive(life, message))
    life.mesh.handle(requests, ({ body }) => [life.host, (body as number) * 2])
  }

  /** Sends a letter once the letters before it to the same host are on their way. */
  send(from: Life, to: string, dice: SeededRandom): void {
    const queues = this.#queues.get(from) ?? new Map<string, Promise<void>>()
    this.#queues.set(from, queues)
    const byContact = dice.chance(0.3)
    const next = (queues.get(to) ?? Promise.resolve()).then(() => this.#sendNow(from, to, byContact))
    queues.set(to, next)
  }

  /** Asks a node; the answer must be its own. */
  async ask(from: Life, to: Life): Promise<void> {
    const { violations, script, now } = this.#world
    const near = this.#isNear(from, to)
    const question = this.#questions++
    try {
      const answer = await from.mesh.request(to.mesh.id, requests, question)
      if (hasEnded(from)) return
      const [host, double] = answer as [string, number]
      // Its host may have been restarted meanwhile
      if (host !== to.host || double !== question * 2)
        violations.add(`${from.host} asked ${to.host} for ${question} × 2 and got ${String(answer)}`)
    } catch (error) {
      if (!near || hasEnded(from, to) || !script.isCalm(now - calmBefore, now + calmAfter)) return
      violations.add(`${from.host} has no answer of ${to.host}: ${String(error)}`)
    }
  }

  /** Two nodes dial each other, while they write to each other. */
  async dial(from: Life, to: Life, address: Address): Promise<void> {
    const { violations, script, now } = this.#world
    const near = this.#isNear(from, to)
    try {
      await from.mesh.connect(address)
    } catch (error) {
      if (!near || hasEnded(from, to) || !script.isCalm(now - calmBefore, now + calmAfter)) return
      violations.add(`${from.host} could not connect to ${to.host}: ${String(error)}`)
    }
  }

  async #sendNow(from: Life, host: string, byContact: boolean): Promise<void> {
    const to = this.#world.lives.get(host)
    if (to === undefined || hasEnded(from)) return
    const { now, violations, script } = this.#world
    const number = this.#number++
    const letter: Letter = { at: now, number, from, to, near: this.#isNear(from, to), arrived: false }
    this.#letters.set(number, letter)
    try {
      await from.mesh.send(byContact ? to.mesh.self : to.mesh.id, sends, number)
      this.#waiting.push(letter)
    } catch (error) {
      if (!letter.near || hasEnded(from, to) || !script.isCalm(now - calmBefore, now + calmAfter)) return
      violations.add(`${from.host} could not send to ${host}: ${String(error)}`)
    }
  }

  #receive(life: Life, { body, from, kind }: Message): void {
    const { violations } = this.#world
    const letter = this.#letters.get(body as number)
    if (letter === undefined || kind !== 'send' || letter.from.mesh.id !== from.id) {
      violations.add(`${life.host} got a letter ${String(body)} that nobody wrote`)
      return
    }
    const { number, from: sender, to, arrived } = letter
    const what = `${life.host} got letter ${number} of ${sender.host}`
    if (to.mesh.id !== life.mesh.id) violations.add(`${what}, which was for ${to.host}`)
    if (arrived && to === life) violations.add(`${what} twice`)
    const last = this.#last.get(life) ?? new Map<Life, number>()
    this.#last.set(life, last)
    const before = last.get(sender)
    if (before !== undefined && before >= number) violations.add(`${what} after letter ${before}`)
    last.set(sender, number)
    letter.arrived = true
  }

  #isNear(from: Life, to: Life): boolean {
    return this.#world.parts().some(part => part.includes(from) && part.includes(to))
  }

  #judge(): void {
    const { now, script, violations } = this.#world
    this.#waiting = this.#waiting.filter(letter => {
      const { at, near, arrived, from, to, number } = letter
      if (at > now - calmAfter) return true
      const expected = near && !hasEnded(from, to)
      if (expected && !arrived && script.isCalm(at - calmBefore, at + calmAfter))
        violations.add(`letter ${number} of ${from.host} to ${to.host}, sent at ${at} ms, has not arrived`)
      return false
    })
  }
}

const hasEnded = (...lives: readonly Life[]) => lives.some(({ died }) => died !== undefined)
