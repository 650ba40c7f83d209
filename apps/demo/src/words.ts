import { type PeerId, P2PError } from '@p2p/interfaces'

/** `1 file`, `2 files`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`

/** `1 entry`, `2 entries`. */
export const entries = (number: number): string => `${number} ${number === 1 ? 'entry' : 'entries'}`

/** A number of bytes as people read it. */
export const bytes = (number: number): string => {
  if (number < 1000) return `${number} B`
  const units = ['kB', 'MB', 'GB', 'TB', 'PB']
  const power = Math.min(Math.floor(Math.log10(number) / 3), units.length)
  return `${(number / 1000 ** power).toFixed(1)} ${units[power - 1] ?? ''}`
}

/** Enough of an id for people to tell nodes apart. */
export const short = (id: PeerId): string => id.slice(0, 8)

/** A time of day, in the machine's own zone. */
export const timeOfDay = (time: number): string => new Date(time).toTimeString().slice(0, 8)

/** Text that came from elsewhere, on one line and without what could command a terminal. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, control =>
    Array.from({ length: control.length }, (_, unit) => escapeUnit(control.charCodeAt(unit))).join(''),
  )

const escapeUnit = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`

/** An error as one line, with its code if it is one of the family's, and with what caused it, if that says more. */
export const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return printable(String(error))
  const line = printable(P2PError.is(error) ? `${error.code}: ${error.message}` : error.message)
  const { cause } = error
  if (cause === undefined || (cause instanceof Error && line.includes(printable(cause.message)))) return line
  return `${line} (${describe(cause)})`
}
