/** Dice as a parameter, so that a run replays from a seed. `@p2p/interfaces/system` has the machine's. */
export interface Random {
  /** A number in [0, 1), for choices that need not be secret. */
  next(): number
  /** Fills the array with random bytes, unguessable in production, and returns it. */
  fill(bytes: Uint8Array): Uint8Array
}
