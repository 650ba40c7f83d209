import type { Connection } from '@p2p/interfaces'
import { expect, it } from 'vitest'
import { tcp } from '../src/tcp.ts'
import { run } from './programs/run.ts'
import { turn } from './virtual-clock.ts'

const handles = () => process.getActiveResourcesInfo().filter(name => name.startsWith('TCP'))

it('after 200 connections, closed and aborted by either end, no handle is left', async () => {
  expect(handles()).toEqual([])
  const transport = tcp()
  const inbounds: Connection[] = []
  const listener = await transport.listen('tcp://127.0.0.1:0', connection => {
    connection.onData(() => undefined)
    inbounds.push(connection)
  })
  expect(handles()).toHaveLength(1)
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
  expect(handles()).toEqual([])
})

it('a program that has closed everything ends by itself', async () => {
  expect(await run('ends-by-itself.ts')).toEqual({ code: 0, output: 'echo true\n' })
})
