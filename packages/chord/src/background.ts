/** Begins work that nobody waits for: what goes wrong with it is told as an error, unless a process did not answer, which is nothing new by then. */
export type Background = (work: Promise<unknown>) => void
