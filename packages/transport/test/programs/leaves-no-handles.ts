// Makes and ends connections in every way, and prints the handles before, while listening, and after.
import type { Connection } from '@p2p/interfaces'
import { tcp } from '../../src/tcp.ts'

const handles = () => process.getActiveResourcesInfo().filter(name => name.startsWith('TCP')).length
const turn = () => new Promise<void>(resolve => setImmediate(resolve))

const before = handles()
const transport = tcp()
const inbounds: Connection[] = []
const listener = await transport.listen('tcp://127.0.0.1:0', connection => {
  connection.onData(() => undefined)
  inbounds.push(connection)
})
const listening = handles()
for (let count = 0; count < 200; count++) {
  const outbound = await transport.dial(listener.address)
  outbound.onData(() => undefined)
  outbound.write(new Uint8Array(100))
  while (inbounds.length === 0) await turn()
  const inbound = inbounds.pop() as Connection
  const [one, other] = count % 2 === 0 ? [outbound, inbound] : [inbound, outbound]
  if (count % 4 < 2) await one.close()
  else one.abort()
  await Promise.all([one.closed, other.closed])
}
await listener.close()
console.log(JSON.stringify([before, listening, handles()]))
