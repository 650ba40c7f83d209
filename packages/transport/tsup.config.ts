import { library } from '@p2p/tsconfig/tsup'

export default library([
  'src/index.ts',
  'src/tcp.ts',
  'src/tls.ts',
  'src/unix.ts',
  'src/ws.ts',
  'src/ws.browser.ts',
  'src/memory.ts',
  'src/udp.ts',
  'src/pipe.ts',
])
