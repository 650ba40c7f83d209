import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '@p2p/bundle'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with `demo/main.mjs`, `demo/worker.mjs` and `node/main.mjs`. */
    bundle: string
  }
}

/** Bundles the programs from their sources, once for all tests. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const outdir = await mkdtemp(join(tmpdir(), 'p2p-demo-bundle-'))
  await bundle({
    absWorkingDir: project.config.root,
    entryPoints: ['demo/main', 'demo/worker', 'node/main'].map(name => `src/${name}.ts`),
    outdir,
  })
  project.provide('bundle', outdir)
  return () => rm(outdir, { recursive: true })
}
