import { library } from '@p2p/tsconfig/tsup'

export default library(['src/index.ts', 'src/index.node.ts', 'src/signatures.ts', 'src/signatures.node.ts'])
