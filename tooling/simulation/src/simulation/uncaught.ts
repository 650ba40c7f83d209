const events = ['uncaughtException', 'unhandledRejection'] as const

/**
 * Takes every error that nobody handles, until it is disposed of. Whoever else listens, such as a test runner, is not told meanwhile: what
 * the code of a simulated host throws is the run's own affair.
 */
export const catchUncaught = (listener: (error: unknown) => void): Disposable => {
  const others = events.map(event => process.rawListeners(event) as ((...args: unknown[]) => void)[])
  for (const event of events) {
    process.removeAllListeners(event)
    process.on(event, listener)
  }
  return {
    [Symbol.dispose]: () => {
      events.forEach((event, index) => {
        process.off(event, listener)
        for (const other of others[index] ?? []) process.on(event, other)
      })
    },
  }
}
