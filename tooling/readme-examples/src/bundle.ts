import { build } from 'esbuild'

/** Makes a program `NAME.mjs` of each file `NAME.ts`, with all that it imports, packages of the workspace from their sources. */
export const bundle = async (files: readonly string[], folder: string): Promise<void> => {
  await build({
    entryPoints: [...files],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    sourcemap: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['@p2p/source'],
    // For dependencies that are CommonJS
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url)",
    },
    logLevel: 'warning',
  })
}
