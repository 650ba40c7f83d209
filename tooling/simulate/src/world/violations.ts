/** What did not hold. The run ends with the first one, when the instant in which it was found is over. */
export class Violations {
  #first: string | undefined

  /** Something did not hold. A handler's own `throw` would be an event of its mesh, and the run would go on. */
  add(what: string): void {
    this.#first ??= what
  }

  check(): void {
    if (this.#first !== undefined) throw new Error(this.#first)
  }
}
