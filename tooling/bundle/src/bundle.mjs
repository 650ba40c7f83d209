import { build } from 'esbuild'

// In JavaScript, for tooling/run.mjs, which no tool compiles.
export const bundle = async options => {
  await build({
    ...options,
    outExtension: { '.js': '.mjs' },
    bundle: true,
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
