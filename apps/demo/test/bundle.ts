import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from '@p2p/bundle'
import type { Plugin } from 'esbuild'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with `demo/main.mjs`, `demo/worker.mjs` and `node/main.mjs`. */
    bundle: string
  }
}

/** The program that the demo starts lies beside it, under the name that it has in the bundle. */
const renamed: Plugin = {
  name: 'renamed',
  setup: build =>
    build.onLoad({ filter: /node-process\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace("'worker.ts'", "'worker.mjs'"),
      loader: 'ts',
    })),
}

/** Bundles the programs from their sources, once for all tests. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const outdir = await mkdtemp(join(tmpdir(), 'p2p-demo-bundle-'))
  await bundle({
    absWorkingDir: project.config.root,
    entryPoints: ['demo/main', 'demo/worker', 'node/main'].map(name => `src/${name}.ts`),
    outdir,
    plugins: [renamed],
  })
  project.provide('bundle', outdir)
  return () => rm(outdir, { recursive: true })
}
