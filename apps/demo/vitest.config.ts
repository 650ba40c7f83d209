import { tests } from '@p2p/tsconfig/vitest'
import { mergeConfig } from 'vitest/config'

// Most tests start half a dozen processes: on a machine that does something else as well that takes its time.
export default mergeConfig(tests, {
  // They wait more than they compute, so that two files at a time are right for two processors, too
  test: { maxWorkers: 2, globalSetup: ['test/bundle.ts'], testTimeout: 90_000, hookTimeout: 90_000 },
})
