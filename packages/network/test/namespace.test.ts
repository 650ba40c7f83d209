import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** Why there are no network namespaces for us here; `undefined` if there are. */
const reason = ((): string | undefined => {
  if (process.platform !== 'linux') return `there are none on ${process.platform}`
  try {
    execFileSync('unshare', ['-rnm', 'sh', '-c', 'mount -t sysfs sysfs /sys && ip link'], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
  }
})()

/** Runs a program in a network namespace of its own. */
const inNamespace = (name: string, isSysOurs: boolean): Promise<string> =>
  new Promise((resolve, reject) => {
    const path = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url))
    const program = [process.execPath, '--import', 'tsx', '--conditions=@p2p/source', path]
    const mount = ['sh', '-c', 'mount -t sysfs sysfs /sys && exec "$@"', 'sh']
    const args = ['-rnm', ...(isSysOurs ? mount : []), ...program]
    execFile('unshare', args, { timeout: 18_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else reject(new Error(stdout + stderr))
    })
  })

const name = reason === undefined ? 'in a network namespace' : `in a network namespace (skipped: ${reason})`
describe.skipIf(reason !== undefined)(name, () => {
  it.each([true, false])(
    'without any network, what is local answers, and what asks the network fails at once; /sys is ours: %s',
    async isSysOurs => {
      const found = JSON.parse(await inNamespace('without-network', isSysOurs)) as Record<string, unknown>
      const unreachable = { code: 'P2P_HOST_UNREACHABLE', quick: true }
      expect(found).toMatchObject({
        up: 0,
        default: { code: 'P2P_NO_DEFAULT_ROUTE', quick: true },
        resolve: { code: 'worked', quick: true },
        detect: unreachable,
        connect: unreachable,
        // Whether a socket is given an address that is gone is a setting of the system
        discover: [expect.stringMatching(/^P2P_(HOST_UNREACHABLE|ADDRESS_NOT_AVAILABLE)$/) as unknown],
        announced: { addresses: ['tcp://127.0.0.1:9'], codes: ['P2P_HOST_UNREACHABLE'] },
        punch: unreachable,
        map: { code: 'P2P_NO_DEFAULT_ROUTE', quick: true },
        mapByUpnp: unreachable,
      })
      // Where there is no IPv6 at all, there is not even such a socket
      expect(found['detect6']).toMatchObject({
        quick: true,
        code: expect.stringMatching(/^P2P_(HOST_UNREACHABLE|ADDRESS_NOT_AVAILABLE)$/) as unknown,
      })
      expect(found['names']).toContain('lo')
    },
  )

  it('changes of interfaces, addresses and the default route are seen', async () => {
    const lines = (await inNamespace('changing-network', true)).trim().split('\n')
    const changes = lines.map(
      line => JSON.parse(line) as { type: string; interface?: { name: string }; to?: object },
    )
    const of = (type: string) => changes.filter(each => each.type === type)
    expect(of('added').map(each => each.interface?.name)).toContain('two')
    expect(of('removed').map(each => each.interface?.name)).toContain('two')
    expect(of('addresses')).toContainEqual(
      expect.objectContaining({
        // Another address may have come between the same two looks
        added: expect.arrayContaining([
          expect.objectContaining({ address: '10.7.0.2', prefix: 24, scope: 'private' }),
        ]) as unknown,
      }),
    )
    expect(of('default')[0]).toEqual({
      type: 'default',
      family: 4,
      to: { interface: 'one', gateway: '10.7.0.1' },
    })
    // The system takes the route away with the address that it needs
    expect(of('default')[1]).toMatchObject({ from: { interface: 'one' } })
  })
})
