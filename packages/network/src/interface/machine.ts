import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'

/** What is read of this machine. A test gives a recorded one. */
export interface Machine {
  readonly platform: NodeJS.Platform
  /** As `os.networkInterfaces()`: only interfaces that are up and have an address. */
  interfaces(): Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>
  /** A file's text; `undefined` where there is none, or none that we may read. */
  read(path: string): string | undefined
  /** The names in a folder; empty where there is none. */
  list(path: string): readonly string[]
  /** What a program writes. Rejects if it cannot be run or fails. */
  run(program: string, args: readonly string[], signal: AbortSignal): Promise<string>
}

/** Bytes that a tool may write: a routing table of thousands of entries. */
const maxOutput = 8 << 20

const orUndefined = <T>(read: () => T): T | undefined => {
  try {
    return read()
  } catch (error) {
    // Files below /proc and /sys come and go with the interfaces, and containers hide some of them.
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

/** This machine. */
export const thisMachine: Machine = {
  platform: process.platform,
  interfaces: () => networkInterfaces(),
  read: path => orUndefined(() => readFileSync(path, 'utf8')),
  list: path => orUndefined(() => readdirSync(path)) ?? [],
  run: (program, args, signal) =>
    new Promise((resolve, reject) => {
      // The C locale: what is taken apart must be in the one language that is documented.
      const env = { ...process.env, LC_ALL: 'C' }
      const options = { env, signal, maxBuffer: maxOutput, windowsHide: true }
      execFile(program, args, options, (error, stdout) => {
        if (error === null) resolve(stdout)
        else reject(new Error(`${program}: ${error.message}`, { cause: error }))
      })
    }),
}
