import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Whether the built packages are tested instead of their sources. CI does that on a second line of Node.js. */
const built = process.env.P2P_BUILT === '1'

const conditions = [...(built ? [] : ['@p2p/source']), 'module', 'node', 'import', 'default']

/** A test that imports an entry of its package gets what was built of it. What is no entry was built into one, and comes from the sources. */
const builtEntries = {
  name: 'built-entries',
  enforce: 'pre',
  resolveId: (source, importer) => {
    if (importer === undefined || !/^(?:\.\.\/)+src\/.+\.ts$/.test(source)) return undefined
    const file = resolve(dirname(importer), source)
    const entry = file.replace(/([\\/]packages[\\/][^\\/]+[\\/])src([\\/].+)\.ts$/, '$1dist$2.js')
    return entry !== file && existsSync(entry) ? entry : undefined
  },
}

/** The tests of every package: they read the sources of their neighbours, so no build comes first. */
export const tests = {
  plugins: built ? [builtEntries] : [],
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: built ? [] : ['@p2p/source'] } },
  test: { include: ['test/**/*.test.ts'], testTimeout: 20_000, hookTimeout: 20_000 },
}
