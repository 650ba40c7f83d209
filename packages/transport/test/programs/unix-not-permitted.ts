// Becomes an ordinary user and prints the codes of the errors of dialling another user's socket and of listening beside it.
import { P2PError } from '@p2p/interfaces'
import { formatUnixAddress, unix } from '../../src/unix.ts'

if (process.getuid?.() === 0) process.setuid?.(65_534)
const path = process.argv[2] ?? ''
const codeOf = (error: unknown) => (P2PError.is(error) ? error.code : String(error))
const dialled = await unix()
  .dial(formatUnixAddress(path))
  .then(() => 'connected', codeOf)
const listened = await unix()
  .listen(formatUnixAddress(`${path}.2`), () => undefined)
  .then(() => 'listening', codeOf)
console.log(`dial ${dialled}, listen ${listened}`)
