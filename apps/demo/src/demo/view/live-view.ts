import { createLogUpdate } from 'log-update'
import { printable } from '../../words.ts'
import type { Figures } from '../protocol.ts'
import { Board, type NodeState } from './board.ts'
import { frameOf, type Paint, painter } from './frame.ts'
import type { Tone, View } from './view.ts'

/** Milliseconds between two frames, and between two reports of a node: as often as a person reads numbers. */
const refresh = 250

/** Whether a stream is a terminal on which something can move. `CI` and `TERM=dumb` say that nobody looks, or that nothing moves; one without a size cannot be drawn on. */
export const isLive = (stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): boolean =>
  stream.isTTY &&
  stream.columns > 0 &&
  environment['TERM'] !== 'dumb' &&
  ['', 'false', '0'].includes(environment['CI'] ?? '')

/** Lines that scroll as ever, and below them the nodes with their figures, drawn again and again. */
export class LiveView implements View {
  readonly figuresEvery: number = refresh
  readonly #stream: NodeJS.WriteStream
  readonly #board = new Board()
  readonly #paint: Paint
  readonly #log: ReturnType<typeof createLogUpdate>
  readonly #timer: NodeJS.Timeout
  readonly #draw = () => {
    const { columns, rows } = this.#stream
    const nodes = this.#board.rows()
    if (nodes.length > 0) this.#log(frameOf(nodes, { columns, rows }, this.#paint).join('\n'))
  }
  #ended = false

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream
    this.#paint = painter(stream.hasColors())
    this.#log = createLogUpdate(stream)
    this.#timer = setInterval(this.#draw, refresh)
    stream.on('resize', this.#draw)
  }

  line(text: string, tone?: Tone): void {
    const painted = tone === undefined ? text : this.#paint(['bold', tone === 'good' ? 'green' : 'red'], text)
    // Not `persist`: it breaks long lines, and a command that is to be copied would come in two
    if (!this.#ended) this.#log.clear()
    this.#stream.write(`${painted}\n`)
    if (!this.#ended) this.#draw()
  }

  complaint(text: string): void {
    this.line(printable(text), 'bad')
  }

  started(name: string, process: number | undefined): void {
    this.#board.started(name, process)
  }

  changed(name: string, state: Exclude<NodeState, 'starting'>): void {
    this.#board.changed(name, state)
  }

  told(name: string, figures: Figures): void {
    this.#board.told(name, figures, performance.now())
  }

  /** The last frame stays where it is, and the cursor comes back. */
  [Symbol.dispose](): void {
    if (this.#ended) return
    this.#draw()
    this.#ended = true
    clearInterval(this.#timer)
    this.#stream.off('resize', this.#draw)
    this.#log.done()
  }
}
