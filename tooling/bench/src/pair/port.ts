/** How many messages have come, of how many. */
export interface Tally {
  messages: number
  /** Bytes of each. */
  readonly size: number
  readonly expected: number
  /** Called once all have come. */
  readonly reached: () => void
}

/** Adds what has come to a tally. */
export const add = (tally: Tally, messages: number): void => {
  tally.messages += messages
  if (tally.messages >= tally.expected && tally.messages - messages < tally.expected) tally.reached()
}

/** One end of a link that carries messages, used as its users use it. */
export interface Port {
  /** Sends a message `count` times, as fast as back-pressure allows: the plain loop. */
  readonly burst: (message: Uint8Array, count: number) => Promise<void>
  /** From now on counts what comes. */
  readonly count: (tally: Tally) => void
}

/** A port for talk in both directions. */
export interface TwoWayPort extends Port {
  readonly send: (message: Uint8Array) => void
  /** From now on hands over each message that comes. It is valid only during the call. */
  readonly each: (onMessage: (message: Uint8Array) => void) => void
}

/** A way for two processes to exchange messages. */
export interface Wire {
  readonly listen: (accept: (port: Port) => void) => Promise<string>
  readonly dial: (address: string) => Promise<Port>
}
