import { printable } from '../../words.ts'
import type { Figures } from '../protocol.ts'
import type { NodeState } from './board.ts'

/** What a line tells, beside its text. */
export type Tone = 'good' | 'bad' | undefined

/** Where the demo shows itself. */
export interface View extends Disposable {
  /** Milliseconds between two reports of a node's figures; `undefined`: nobody looks at them. */
  readonly figuresEvery: number | undefined
  /** Shows a line, which stays. */
  line(text: string, tone?: Tone): void
  /** Shows what a process wrote as its last words, without being asked. */
  complaint(text: string): void
  started(name: string, process: number | undefined): void
  changed(name: string, state: Exclude<NodeState, 'starting'>): void
  told(name: string, figures: Figures): void
  /** Ends what moves. Lines can still be shown. */
  [Symbol.dispose](): void
}

/** Lines and nothing else: for files, pipes, and terminals that can do no more. */
export const plainView = (): View => ({
  figuresEvery: undefined,
  line: text => void process.stdout.write(`${text}\n`),
  complaint: text => void process.stderr.write(`${printable(text)}\n`),
  started: () => undefined,
  changed: () => undefined,
  told: () => undefined,
  [Symbol.dispose]: () => undefined,
})
