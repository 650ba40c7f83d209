import type { Clock, Random } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import type { Endpoint } from '../core/endpoint.ts'
import type { Sockets } from '../socket/sockets.ts'
import { StunAgent, type Transaction } from '../stun/agent.ts'

/** Milliseconds between two rounds of questions: as RFC 8445 (14.2) paces those of ICE. */
export const roundInterval = 50

/** Answered questions that stand beside unanswered ones before these count as silence, at least. */
const controlsForSilence = 10

/**
 * How likely it may be that all questions were lost when what they asked for counts as silent, by the share of the control questions that were. On a
 * clean path ten rounds are enough. With 30 % of the packets lost each way it takes 35 of them, and as that share may look small by luck, one of
 * 500 000 measurements is wrong; ten answers alone would take twenty, and be wrong once in 50 000.
 */
const doubt = 1e-10

/** Rounds after which a question is left open: the path loses more than half of the packets each way. */
const maxRounds = 100

/** Whether so many rounds, of which so many had their control question answered, make what was not heard silent. */
const isSilence = (rounds: number, controls: number) =>
  controls >= controlsForSilence && ((rounds - controls + 1) / (rounds + 2)) ** rounds < doubt

/** Milliseconds that are waited at least for what is still under way. */
const shortestGrace = 150

/** Milliseconds between transmissions of a question whose answer must come, and how many. */
export const eager = { rto: 100, factor: 1, attempts: 50, timeout: 5_000 } as const

/** What a measurement works with: sockets that close with it, waits that end with it. */
export class Session {
  readonly sockets: Sockets
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  /** The address to bind to. */
  readonly host: Endpoint
  readonly #agents: StunAgent[] = []

  constructor(fields: {
    readonly sockets: Sockets
    readonly clock: Clock
    readonly random: Random
    readonly signal: AbortSignal
    readonly host: Endpoint
  }) {
    this.sockets = fields.sockets
    this.clock = fields.clock
    this.random = fields.random
    this.signal = fields.signal
    this.host = fields.host
  }

  /** A socket of its own for some questions, so that they do not open a NAT's filters for others. */
  async agent(port = 0): Promise<StunAgent> {
    const socket = await this.sockets.udp({ ...this.host, port })
    const agent = new StunAgent(socket, this)
    this.#agents.push(agent)
    return agent
  }

  pause(milliseconds: number): Promise<undefined> {
    return wait({ clock: this.clock, signal: this.signal, what: 'the next question' }, waiter => {
      const timer = this.clock.after(milliseconds, () => waiter.resolve(undefined))
      return () => timer[Symbol.dispose]()
    })
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) agent[Symbol.dispose]()
    await Promise.all(this.#agents.map(agent => agent.socket.close()))
  }

  /**
   * Asks, side by side with control questions that the server must answer, until the caller has heard what it listens for, or enough controls were
   * answered to call what is missing silence.
   *
   * @param probe sends one round; the transactions that it returns are open until the end
   * @returns `unknown` if even the controls were not answered
   */
  async heardOrSilent(
    agent: StunAgent,
    server: Endpoint,
    probe: () => readonly Transaction[],
    isHeard: () => boolean,
  ): Promise<'heard' | 'silent' | 'unknown'> {
    const open: Transaction[] = []
    let controls = 0
    let slowest = 0
    const count = (rtt: number) => {
      controls += 1
      slowest = Math.max(slowest, rtt)
    }
    try {
      let rounds = 0
      while (rounds < maxRounds && !isSilence(rounds, controls)) {
        rounds += 1
        const control = agent.open(server)
        open.push(control, ...probe())
        control.answer.then(
          ({ rtt }) => count(rtt),
          () => undefined,
        )
        await control.send()
        await this.pause(roundInterval)
        if (isHeard()) return 'heard'
      }
      if (!isSilence(rounds, controls)) return 'unknown'
      await this.pause(Math.max(shortestGrace, 2 * slowest))
      return isHeard() ? 'heard' : 'silent'
    } finally {
      for (const transaction of open) transaction[Symbol.dispose]()
    }
  }
}
