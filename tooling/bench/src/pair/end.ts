// One process of a pair. It does what the runner tells it, and ends with it.
import { type Commands, commands } from './commands.ts'

/** What the runner sends, and what it gets back. */
export interface Order {
  readonly id: number
  readonly command: keyof Commands
  readonly args: readonly unknown[]
}
export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

const answer = (message: Answer): void => void process.send?.(message)

process.on('disconnect', () => process.exit())
process.on('message', ({ id, command, args }: Order) => {
  const run = commands[command] as (...args: readonly unknown[]) => Promise<unknown>
  run(...args).then(
    value => answer({ id, value }),
    (error: unknown) => answer({ id, error: error instanceof Error ? error.message : String(error) }),
  )
})
