// Makes and ends connections in every way, and prints the handles before, while listening, and after.
import type { Connection } from '@p2p/interfaces'
import { anywhere, transport } from './named-transport.ts'

const handles = () => process.getActiveResourcesInfo().filter(name => name.startsWith('TCP')).length
const turn = () => new Promise<void>(resolve => setImmediate(resolve))

// The handle with which making a transport of TLS has tried something is closed at the end of a turn.
await turn()
await turn()
const before = handles()
const inbounds: Connection[] = []
const listener = await transport.listen(anywhere, connection => {
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
