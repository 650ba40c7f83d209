import { library } from '@p2p/tsconfig/tsup'

export default library([
  'src/index.ts',
  'src/stun.ts',
  'src/nat.ts',
  'src/punch.ts',
  'src/port-mapping.ts',
  'src/announce.ts',
])
