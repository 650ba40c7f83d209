import { connect } from 'node:net'
import type { Transport } from '@p2p/interfaces'
import { createNoise } from '@p2p/noise'
import { tcp } from '@p2p/transport/tcp'
import { afterEach, describe, expect, it } from 'vitest'
import { createIdentity, createMesh, type Mesh } from '../src/index.ts'
import { addressOf } from './network.ts'
import { codeOf } from './refusal.ts'
import { transports } from './transports.ts'

describe.each(transports)('a mesh over %s', (_name, createTransport, listen) => {
  const transport: Transport = createTransport()
  const nodes: Mesh[] = []
  const create = async (): Promise<Mesh> => {
    const mesh = await createMesh({ network: 'closed', transports: [transport], listen: [listen] })
    nodes.push(mesh)
    return mesh
  }
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(node => node.close()))
  })

  it('does not keep an honest peer waiting for a thousand that stall before or within the first message of their handshake', async () => {
    const one = await create()
    let given = 0
    const turnedAway = new Promise<void>(resolve => {
      one.on('refused', (_, error) => {
        expect(codeOf(error)).toBe('P2P_LIMIT_REACHED')
        if (++given === 1000 - 64) resolve()
      })
    })
    const stalled = await Promise.all(
      Array.from({ length: 1000 }, async (_, index) => {
        const connection = await transport.dial(addressOf(one), { timeout: 30_000 })
        connection.onData(() => undefined)
        if (index % 2 === 1) connection.write(Uint8Array.of(0xd5, 0x70, 0x32))
        return connection
      }),
    )
    const honest = await create()
    await honest.connect(addressOf(one))
    // It has not waited for a deadline of theirs: all for whom there is room still stall
    expect(one.stats().handshakes).toBeGreaterThan(32)
    expect(one.stats().handshakes).toBeLessThanOrEqual(64)
    // The kernel shows the last of them to the listener only when its queue has room again
    await turnedAway
    // Those that still stall are ended with the node
    await one.close()
    await Promise.all(stalled.map(connection => connection.closed))
  })

  it('does not keep an honest peer waiting for two hundred members that say no HELLO', async () => {
    const one = await create()
    const stranger = createNoise({ identity: createIdentity(), network: 'closed' })
    const stalled = await Promise.all(
      Array.from({ length: 200 }, async () => {
        // Some are given up for newer ones while they prove who they are
        const raw = await transport.dial(addressOf(one))
        return stranger.secure(raw, { confirm: false }).catch(() => raw)
      }),
    )
    const honest = await create()
    await honest.connect(addressOf(one))
    expect(one.stats().handshakes).toBeGreaterThan(32)
    expect(one.stats().handshakes).toBeLessThanOrEqual(128)
    for (const connection of stalled) connection.abort()
  })
})

describe('a flood of handshakes from one host', () => {
  // macOS has no second address of its own
  it.skipIf(process.platform === 'darwin')('displaces its own and nobody else’s, however slow', async () => {
    const transport = tcp()
    const one = await createMesh({
      network: 'closed',
      transports: [transport],
      listen: ['tcp://127.0.0.1:0'],
    })
    const { port } = new URL(addressOf(one).replace('tcp:', 'http:'))
    const slow = await transport.dial(addressOf(one))
    const refused: string[] = []
    const flooded = new Promise<void>(resolve =>
      one.on('refused', remote => {
        if (refused.push(remote) === 200 - 63) resolve()
      }),
    )
    const flood = Array.from({ length: 200 }, () =>
      connect({ host: '127.0.0.1', port: Number(port), localAddress: '127.0.0.2' }).on(
        'error',
        () => undefined,
      ),
    )
    await flooded
    const noise = createNoise({ identity: createIdentity(), network: 'closed' })
    expect((await noise.secure(slow)).peer.id).toBe(one.id)
    expect(refused.filter(remote => !remote.includes('127.0.0.2'))).toEqual([])
    for (const socket of flood) socket.destroy()
    await one.close()
  })
})
