// Uses everything and closes it; the process must then end without being told to.
import { tcp } from '../../src/tcp.ts'

const transport = tcp()
const refused = await transport.dial('tcp://127.0.0.1:1').then(
  () => false,
  () => true,
)
const aborted = new AbortController()
const dialling = transport.dial('tcp://127.0.0.1:1', { signal: aborted.signal }).catch(() => undefined)
aborted.abort()
await dialling

const listener = await transport.listen('tcp://127.0.0.1:0', connection => {
  connection.onData(chunk => connection.write(chunk.slice()))
})
const connection = await transport.dial(listener.address)
const answer = new Promise<string>(resolve =>
  connection.onData(chunk => resolve(new TextDecoder().decode(chunk))),
)
connection.write(new TextEncoder().encode('echo'))
const broken = await transport.dial(listener.address)
broken.abort()
console.log(await answer, refused)
await connection.close()
await listener.close()
