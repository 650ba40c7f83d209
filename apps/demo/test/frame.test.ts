import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { expect, it } from 'vitest'
import { Board } from '../src/demo/view/board.ts'
import { frameOf, painter } from '../src/demo/view/frame.ts'
import { isLive, LiveView } from '../src/demo/view/live-view.ts'

const plain = painter(false)

/** Two nodes that are up, one that was killed, one that starts for the second time. */
const board = () => {
  const board = new Board()
  for (const [index, name] of ['node 0', 'node 1', 'node 2', 'node 3'].entries())
    board.started(name, 100 + index)
  for (const [time, messages] of [
    [0, 10],
    [500, 20],
    [1_000, 40],
  ] as const) {
    board.told('node 0', { links: 1, keys: 12, messages }, time)
    board.told('node 1', { links: 1, keys: 11, messages: messages * 2 }, time)
    board.told('node 2', { links: 1, keys: 1, messages }, time)
  }
  for (const name of ['node 0', 'node 1']) board.changed(name, 'up')
  board.changed('node 2', 'killed')
  board.started('node 3', 203)
  return board
}

it('shows each node with its figures, and the sum', () => {
  expect(frameOf(board().rows(), { columns: 80, rows: 24 }, plain)).toEqual([
    'node     state     links     keys   msg/s   process  lives',
    'node 0   up            1       12      30       100      1',
    'node 1   up            1       11      60       101      1',
    'node 2   killed                                 102      1',
    'node 3   starting                               203      2',
    '2 of 4 nodes up, 1 link, 12 keys, 90 messages/s',
  ])
})

it('counts messages over the last two seconds, anew after each start', () => {
  const board = new Board()
  board.started('node 0', 1)
  const tell = (messages: number, time: number) => {
    board.told('node 0', { links: 0, keys: 0, messages }, time)
    return board.rows()[0]?.rate
  }
  expect(tell(1_000, 0)).toBe(0)
  expect(tell(1_500, 1_000)).toBe(500)
  expect(tell(1_600, 2_500)).toBeCloseTo(100 / 1.5)
  board.changed('node 0', 'killed')
  expect(tell(9_999, 2_600)).toBe(0)
  board.started('node 0', 2)
  expect(tell(5, 2_700)).toBe(0)
  expect(tell(6, 2_800)).toBe(10)
})

it('keeps to a narrow and to a low terminal', () => {
  const rows = board().rows()
  for (const columns of [1, 2, 10, 20, 40, 59]) {
    for (const paint of [plain, painter(true)]) {
      const lines = frameOf(rows, { columns, rows: 24 }, paint).map(line => stripVTControlCharacters(line))
      expect(Math.max(...lines.map(line => line.length))).toBeLessThan(columns)
    }
  }
  expect(frameOf(rows, { columns: 80, rows: 8 }, plain)).toEqual([
    expect.stringContaining('links'),
    expect.stringContaining('node 0'),
    '… and 3 more nodes',
    expect.stringContaining('2 of 4'),
  ])
  expect(frameOf(rows, { columns: 80, rows: 3 }, plain)).toHaveLength(1)
})

it('has colours where the terminal has them', () => {
  const frame = (colours: boolean) => frameOf(board().rows(), { columns: 80, rows: 24 }, painter(colours))
  expect(frame(true).join()).toContain('\u001b[32mup')
  expect(frame(false).join()).not.toContain('\u001b')
  expect(frame(true).map(line => stripVTControlCharacters(line))).toEqual(frame(false))
})

/** A terminal that keeps what is written to it. */
const terminal = (size: { isTTY: boolean; columns: number; rows: number }) => {
  const stream = Object.assign(new PassThrough().setEncoding('utf8'), size, { hasColors: () => false })
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    read: () => stripVTControlCharacters(String(stream.read())),
  }
}

it('is drawn anew, at the new size, when the terminal is resized', () => {
  const { stream, read } = terminal({ isTTY: true, columns: 80, rows: 24 })
  using view = new LiveView(stream)
  view.started('node 0', 12_345)
  const text = 'a line that is longer than forty columns and is not broken'
  view.line(text)
  expect(read()).toMatch(
    new RegExp(`^${text}\\nnode .* lives\\nnode 0   starting .* 12345 .*1\\n0 of 1 node up, .*\\n$`),
  )
  stream.columns = 20
  stream.emit('resize')
  expect(read()).toBe('node     state     \nnode 0   starting  \n0 of 1 node up, 0 l\n')
})

it('moves only on a terminal that can, where somebody looks', () => {
  const live = (environment: NodeJS.ProcessEnv, size = {}) =>
    isLive(terminal({ isTTY: true, columns: 80, rows: 24, ...size }).stream, environment)
  expect(live({ TERM: 'xterm' })).toBe(true)
  expect(live({ TERM: 'xterm', CI: 'false', NO_COLOR: '1' })).toBe(true)
  expect(live({ TERM: 'dumb' })).toBe(false)
  expect(live({ CI: 'true' })).toBe(false)
  expect(live({}, { columns: 0 })).toBe(false)
  expect(live({}, { isTTY: false })).toBe(false)
})
