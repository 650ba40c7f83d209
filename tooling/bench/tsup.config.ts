import { defineConfig } from 'tsup'

// One bundle with the sources of the family in it: what is measured is what a user gets, without the names that tsx gives to every function
// at run time, and nobody's build of a package has to be fresh.
export default defineConfig({
  entry: { main: 'src/main.ts', runner: 'src/runner.ts', end: 'src/pair/end.ts', table: 'src/tables/end.ts' },
  format: 'esm',
  target: 'node20',
  sourcemap: true,
  clean: true,
  silent: true,
  noExternal: [/^@p2p\//],
  esbuildOptions: options => {
    options.conditions = ['@p2p/source']
  },
})
