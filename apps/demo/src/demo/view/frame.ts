import { styleText } from 'node:util'
import { count } from '../../words.ts'
import type { NodeRow, NodeState } from './board.ts'

/** The room that a terminal has, in characters. */
export interface Room {
  readonly columns: number
  readonly rows: number
}

/** Styles of `styleText`. */
export type Style = Parameters<typeof styleText>[0]

/** Text as the terminal is to show it; the same text where there are no colours. */
export type Paint = (style: Style, text: string) => string

/** Paints for a terminal that has colours, or leaves text as it is. */
export const painter = (colours: boolean): Paint =>
  // The stream was asked already: styleText would ask stdout of the moment
  colours ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text

/** Lines that stay free for what happens, above the frame. */
const above = 4

const styles: Readonly<Record<NodeState, Style>> = {
  starting: 'yellow',
  up: 'green',
  killed: 'red',
  left: 'dim',
}

/** What is cut off first where the terminal is narrow stands last. */
const columns: readonly {
  readonly title: string
  readonly width: number
  readonly cell: (row: NodeRow) => string
}[] = [
  { title: 'links', width: 7, cell: ({ figures }) => number(figures?.links) },
  { title: 'keys', width: 9, cell: ({ figures }) => number(figures?.keys) },
  { title: 'msg/s', width: 8, cell: ({ figures, rate }) => number(figures && Math.round(rate)) },
  { title: 'process', width: 10, cell: ({ process }) => number(process) },
  { title: 'lives', width: 7, cell: ({ lives }) => number(lives) },
]

/**
 * The nodes and their figures as lines of at most `columns - 1` characters, colours not counted, and few enough that the last {@link above} lines of
 * what happened stay in sight.
 */
export const frameOf = (nodes: readonly NodeRow[], room: Room, paint: Paint): string[] => {
  const width = Math.max(0, room.columns - 1)
  const cut = (text: string) => text.slice(0, width)
  const line = (row: NodeRow) => {
    const head = cut(row.name.padEnd(9))
    const state = row.state.padEnd(8).slice(0, width - head.length)
    const rest = columns.map(({ width, cell }) => cell(row).padStart(width)).join('')
    return head + paint(styles[row.state], state) + rest.slice(0, width - head.length - state.length)
  }
  const title = `${'node'.padEnd(9)}${'state'.padEnd(8)}${columns.map(({ title, width }) => title.padStart(width)).join('')}`
  const sum = paint('bold', cut(summary(nodes)))

  const space = room.rows - above - 2
  if (space < 1) return [sum]
  const shown = nodes.length <= space ? nodes : nodes.slice(0, space - 1)
  const hidden = nodes.length - shown.length
  return [
    paint('dim', cut(title)),
    ...shown.map(line),
    ...(hidden === 0 ? [] : [paint('dim', cut(`… and ${count(hidden, 'more node')}`))]),
    sum,
  ]
}

const number = (value: number | undefined): string => value?.toString() ?? ''

const summary = (nodes: readonly NodeRow[]): string => {
  const up = nodes.filter(({ state }) => state === 'up').length
  const figures = nodes.flatMap(({ figures }) => figures ?? [])
  // Each link has two ends, and one of them may be told of before the other
  const links = Math.ceil(figures.reduce((sum, { links }) => sum + links, 0) / 2)
  const keys = Math.max(0, ...figures.map(({ keys }) => keys))
  const rate = Math.round(nodes.reduce((sum, { rate }) => sum + rate, 0))
  return `${up} of ${count(nodes.length, 'node')} up, ${count(links, 'link')}, ${count(keys, 'key')}, ${count(rate, 'message')}/s`
}
