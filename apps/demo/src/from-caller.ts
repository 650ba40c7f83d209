import { resolve } from 'node:path'

/** A path as the user meant it: relative to where npm was called, not to this package, where npm runs the program. */
export const fromCaller = (path: string): string => resolve(process.env['INIT_CWD'] ?? process.cwd(), path)
