import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that is removed, with all in it, when it is disposed of. */
export interface Scratch extends AsyncDisposable {
  readonly path: string
}

/** Makes a folder among the system's temporary ones. */
export const createScratch = async (): Promise<Scratch> => {
  const path = await mkdtemp(join(tmpdir(), 'p2p-demo-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
