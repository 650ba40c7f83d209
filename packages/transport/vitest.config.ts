export { tests as default } from '@p2p/tsconfig/vitest'
