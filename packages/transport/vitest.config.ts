import { tests } from '@p2p/tsconfig/vitest'

// No file changes a module that others use: they share one graph, and are loaded once.
const config: typeof tests = { ...tests, test: { ...tests.test, isolate: false } }

export { config as default }
