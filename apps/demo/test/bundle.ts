import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
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

/**
 * Bundles the programs from their sources, once for all tests: three dozen processes start three times as fast as through tsx, which would compile
 * the same files in each of them.
 */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const outdir = await mkdtemp(join(tmpdir(), 'p2p-demo-bundle-'))
  await build({
    entryPoints: ['demo/main', 'demo/worker', 'node/main'].map(name => `src/${name}.ts`),
    absWorkingDir: project.config.root,
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['@p2p/source'],
    // commander is CommonJS
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url)",
    },
    plugins: [renamed],
    logLevel: 'warning',
  })
  project.provide('bundle', outdir)
  return () => rm(outdir, { recursive: true })
}
