import { tests } from '@p2p/tsconfig/vitest'
import type { ViteUserConfig } from 'vitest/config'

type Plugin = NonNullable<ViteUserConfig['plugins']>[number]

/** `@p2p/noise` as bundlers for browsers find it; what is for Node.js only is not there. */
const noiseOfBrowsers: Plugin = {
  name: 'noise-of-browsers',
  enforce: 'pre',
  async resolveId(source, importer, options) {
    if (!source.startsWith('@p2p/noise')) return undefined
    const found = await this.resolve(source, importer, { ...options, skipSelf: true })
    return found === null ? undefined : found.id.replace(/\.node(?=\.[jt]s$)/, '')
  },
  load: id => {
    if (/\/packages\/noise\/.+\.node\.[jt]s$/.test(id)) throw new Error(`${id} is not for browsers`)
  },
}

// No file changes a module that others use: they share one graph, which is loaded once.
const node: ViteUserConfig = { ...tests, test: { ...tests.test, name: 'node', isolate: false } }

/** What protects and proves, with the cryptography that browsers are given. */
const browser: ViteUserConfig = {
  ...tests,
  plugins: [...(tests.plugins ?? []), noiseOfBrowsers],
  test: {
    ...tests.test,
    name: 'browser',
    env: { P2P_BROWSER: '1' },
    isolate: false,
    include: ['test/{identity,intruder,security,signing}.test.ts'],
  },
}

const config: ViteUserConfig = { test: { projects: [node, browser] } }

export { config as default }
