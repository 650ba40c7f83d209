// Becomes an ordinary user, tries to listen at a port below 1024, and prints the code of the error.
import { P2PError } from '@p2p/interfaces'
import { tcp } from '../../src/tcp.ts'

if (process.getuid?.() === 0) process.setuid?.(65_534)
try {
  await using listener = await tcp().listen('tcp://127.0.0.1:1', () => undefined)
  console.log(`listening at ${listener.address}`)
} catch (error) {
  console.log(P2PError.is(error) ? error.code : error)
}
