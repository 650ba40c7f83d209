/** A bug that can be planted, to see whether the checks catch it. */
export interface Break {
  readonly name: string
  /** What is wrong then, in words. */
  readonly about: string
  /** Plants it. @returns how to undo that */
  readonly plant: () => () => void
}

/** Replaces a method of a class. `make` is given the real one. @returns how to undo it */
export const replace = <T extends object, K extends keyof T>(
  target: T,
  method: K,
  make: (original: T[K]) => T[K],
): (() => void) => {
  const original = target[method]
  target[method] = make(original)
  return () => {
    target[method] = original
  }
}
