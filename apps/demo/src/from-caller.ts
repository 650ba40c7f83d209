import { resolve } from 'node:path'
import { InvalidArgumentError } from 'commander'

/**
 * A path as the user meant it: relative to where npm was called, not to this package, where npm runs the program. An empty one is no folder that anybody
 * means, but a variable that is not set.
 */
export const fromCaller = (path: string): string => {
  if (path === '') throw new InvalidArgumentError('It must not be empty.')
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), path)
}
