/** Connecting, proving who is there, and having one byte back: what stands before all other work. */
export interface Greeting {
  /** Listens, and sends back what comes. @returns where */
  readonly answer: () => Promise<string>
  /** Connects, and sends a byte. @returns when it is back, with what ends the connection */
  readonly greet: (address: string) => Promise<() => Promise<void>>
}

/** The byte. */
export const hello: Uint8Array = Uint8Array.of(7)
