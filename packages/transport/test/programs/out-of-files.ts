// Runs with few file descriptors: uses them up, and prints the code of the error of a dial and of a listen.
import { openSync, closeSync } from 'node:fs'
import { P2PError } from '@p2p/interfaces'
import { anywhere, transport } from './named-transport.ts'

const listener = await transport.listen(anywhere, connection => connection.onData(() => undefined))
const before = await transport.dial(listener.address)

const codeOf = (error: unknown) => (P2PError.is(error) ? error.code : String(error))
const files: number[] = []
/** @returns how many were left */
const useUp = () => {
  const before = files.length
  try {
    for (;;) files.push(openSync('/dev/null', 'r'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error
  }
  return files.length - before
}

/**
 * What an attempt fails with while no descriptor is left. The thread in which tsx loads modules may still be writing them to its cache, and gives
 * one back at any moment: an attempt that found it is undone (it would keep this process alive) and says nothing, nor does one beside which it was
 * given back.
 */
const failureOf = async (attempt: () => Promise<() => unknown>) => {
  for (let count = 0; count < 100; count++) {
    useUp()
    const result = await attempt().catch(codeOf)
    if (typeof result !== 'string') await result()
    else if (useUp() === 0) return result
  }
  return 'a descriptor each time'
}

const dialled = await failureOf(async () => {
  const connection = await transport.dial(listener.address)
  return () => connection.abort()
})
const listened = await failureOf(async () => {
  const another = await transport.listen(anywhere, () => undefined)
  return () => another.close()
})
for (const file of files) closeSync(file)
const after = await transport.dial(listener.address)
console.log(`dial ${dialled}, listen ${listened}, and then connected to ${after.remote === listener.address}`)
await Promise.all([before.close(), after.close(), listener.close()])
