// Runs with few file descriptors: uses them up, and prints the code of the error of a dial and of a listen.
import { openSync, closeSync } from 'node:fs'
import { P2PError } from '@p2p/interfaces'
import { anywhere, transport } from './named-transport.ts'

const listener = await transport.listen(anywhere, connection => connection.onData(() => undefined))
const before = await transport.dial(listener.address)

const codeOf = (error: unknown) => (P2PError.is(error) ? error.code : String(error))
const files: number[] = []
const useUp = () => {
  try {
    for (;;) files.push(openSync('/dev/null', 'r'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error
  }
}

useUp()
const dialled = await transport.dial(listener.address).then(() => 'connected', codeOf)
const listened = await transport.listen(anywhere, () => undefined).then(() => 'listening', codeOf)
for (const file of files) closeSync(file)
const after = await transport.dial(listener.address)
console.log(`dial ${dialled}, listen ${listened}, and then connected to ${after.remote === listener.address}`)
await Promise.all([before.close(), after.close(), listener.close()])
