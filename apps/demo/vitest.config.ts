import { tests } from '@p2p/tsconfig/vitest'
import { mergeConfig } from 'vitest/config'

// Each test starts half a dozen processes: on a machine that does something else as well that takes its time.
export default mergeConfig(tests, { test: { testTimeout: 90_000, hookTimeout: 90_000 } })
