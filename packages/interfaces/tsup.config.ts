import { library } from '@p2p/tsconfig/tsup'

export default library(['src/index.ts', 'src/system.ts', 'src/wait.ts', 'src/contracts/index.ts'])
