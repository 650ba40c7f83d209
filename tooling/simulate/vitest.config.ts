import { tests } from '@p2p/tsconfig/vitest'
import { mergeConfig } from 'vitest/config'

// Seeds take seconds each; on a machine that does something else as well, several times as long.
export default mergeConfig(tests, { test: { testTimeout: 120_000, hookTimeout: 120_000 } })
