import { tests } from '@p2p/tsconfig/vitest'

// What is tested is pure: its files share a module graph, which halves what the run costs.
const config: typeof tests = { ...tests, test: { ...tests.test, isolate: false } }

export { config as default }
