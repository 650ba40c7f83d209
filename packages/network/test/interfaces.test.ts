import { inspect } from 'node:util'
import { VirtualClock } from '@p2p/simulation'
import { describe, expect, it } from 'vitest'
import {
  Interface,
  type InterfaceChange,
  listInterfaces,
  type Machine,
  watchInterfaces,
} from '../src/index.ts'
import { laptop, laptopParts, unplugged } from './machines/linux.ts'
import { macbook } from './machines/macos.ts'
import { recorded } from './machines/machine.ts'
import { desktop } from './machines/windows.ts'

const kinds = async (machine: Machine) => {
  const all = await listInterfaces({ machine, includeLoopback: true, includeVirtual: true })
  return Object.fromEntries(all.map(({ name, kind }) => [name, kind]))
}

describe('the list of interfaces', () => {
  it('tells kinds on Linux by what the kernel says, not by names', async () => {
    expect(await kinds(laptop)).toEqual({
      eth0: 'ethernet',
      wlp3s0: 'wifi',
      lo: 'loopback',
      wg0: 'tunnel',
      docker0: 'bridge',
      veth12: 'virtual',
      tun0: 'tunnel',
    })
  })

  it('leaves out the loopback and what is virtual unless asked for, and has the default route first', async () => {
    const names = (await listInterfaces({ machine: laptop })).map(({ name }) => name)
    expect(names.slice(0, 2).sort()).toEqual(['eth0', 'wlp3s0'])
    expect(names.slice(2).sort()).toEqual(['tun0', 'wg0'])
  })

  it('reads gateways, their metric, and who is the default for which family', async () => {
    const all = await listInterfaces({ machine: laptop })
    expect(all.find(({ name }) => name === 'eth0')).toMatchObject({
      index: 2,
      up: true,
      mtu: 1500,
      mac: '02:fc:00:00:00:02',
      gateways: [{ family: 4, address: '192.168.1.1', metric: 100 }],
      defaultFor: [4],
    })
    expect(all.find(({ name }) => name === 'wlp3s0')).toMatchObject({
      gateways: [
        { family: 4, address: '10.0.0.1', metric: 600 },
        { family: 6, address: 'fe80::abcd', metric: 1024 },
      ],
      defaultFor: [6],
    })
  })

  it('has on macOS what ifconfig, netstat and networksetup say', async () => {
    expect(await kinds(macbook)).toEqual({
      en0: 'wifi',
      lo0: 'loopback',
      en5: 'ethernet',
      bridge0: 'bridge',
      awdl0: 'virtual',
      utun3: 'tunnel',
    })
    const [first, ...rest] = await listInterfaces({ machine: macbook })
    expect(first).toMatchObject({ name: 'en0', up: true, mtu: 1500, defaultFor: [4, 6] })
    expect(first?.gateways.map(({ address }) => address).sort()).toEqual(['192.168.1.1', 'fe80::1'])
    expect(rest.find(({ name }) => name === 'en5')?.up).toBe(false)
  })

  it('has on Windows what PowerShell says', async () => {
    const all = await listInterfaces({ machine: desktop, includeVirtual: true })
    expect(all[0]).toMatchObject({
      name: 'Ethernet',
      index: 5,
      kind: 'ethernet',
      mac: '00:15:5d:00:00:05',
      mtu: 1500,
      defaultFor: [4, 6],
    })
    expect(all.find(({ name }) => name === 'WLAN Überall')).toMatchObject({ kind: 'wifi', up: false })
    expect(all.find(({ name }) => name.startsWith('vEthernet'))?.kind).toBe('virtual')
  })

  it('believes nothing of /sys where that shows another network namespace', async () => {
    const files = { ...laptopParts.files, '/proc/net/dev': 'Inter-|\n face |\n  eth0: 0 0\n    lo: 0 0\n' }
    const machine = recorded({ ...laptopParts, files, addresses: { eth0: ['10.1.1.1/24'] } })
    const all = await listInterfaces({ machine, includeLoopback: true, includeVirtual: true })
    expect(all).toMatchObject([
      { name: 'eth0', kind: 'unknown', up: true, addresses: [{ address: '10.1.1.1' }] },
      { name: 'lo', kind: 'loopback', up: false, addresses: [] },
    ])
    expect(all[0]).not.toHaveProperty('mtu')
  })

  it('is empty, and no error, on a machine without any network', async () => {
    expect(await listInterfaces({ machine: recorded({ platform: 'linux', addresses: {} }) })).toEqual([])
  })

  it('says so when the tools of the system fail', async () => {
    const broken = recorded({ platform: 'win32', addresses: {} })
    await expect(listInterfaces({ machine: broken })).rejects.toMatchObject({ code: 'P2P_NETWORK_UNKNOWN' })
  })

  it('ends in its deadline, and stops the tools, when they hang', async () => {
    let stopped = false
    const hanging: Machine = {
      ...macbook,
      run: (_program, _args, signal) =>
        new Promise(() => signal.addEventListener('abort', () => (stopped = true))),
    }
    const clock = new VirtualClock()
    const listed = clock.run(listInterfaces({ machine: hanging, clock }))
    await expect(listed).rejects.toMatchObject({ code: 'P2P_TIMEOUT' })
    expect(clock.monotonic()).toBe(10_000)
    expect(stopped).toBe(true)
  })

  it('can be read of this machine too', async () => {
    const all = await listInterfaces({ includeLoopback: true, includeVirtual: true })
    for (const { name, addresses } of all) {
      expect(name).not.toBe('')
      for (const { prefix, family } of addresses) expect(prefix).toBeLessThanOrEqual(family === 4 ? 32 : 128)
    }
  })
})

describe('an interface', () => {
  it('is the default one of a family, IPv4 first', async () => {
    expect((await Interface.default({ machine: laptop })).name).toBe('eth0')
    expect((await Interface.default({ machine: laptop, family: 6 })).name).toBe('wlp3s0')
  })

  it('says that there is no default route', async () => {
    const machine = recorded({ platform: 'linux', addresses: { lo: ['127.0.0.1/8'] } })
    await expect(Interface.default({ machine })).rejects.toMatchObject({ code: 'P2P_NO_DEFAULT_ROUTE' })
  })

  it('is found by its name, or the names that there are stand in the error', async () => {
    expect((await Interface.open({ machine: laptop, name: 'docker0' })).info.kind).toBe('bridge')
    const missing = Interface.open({ machine: laptop, name: 'eth9' })
    await expect(missing).rejects.toMatchObject({ code: 'P2P_INTERFACE_NOT_FOUND' })
    await expect(missing).rejects.toThrow(/eth0, .*docker0/)
    const wrong = Interface.open({ machine: laptop, name: 'docker0', family: 6 })
    await expect(wrong).rejects.toMatchObject({ code: 'P2P_INTERFACE_NOT_FOUND' })
  })

  it('makes one route of its private addresses and one of each public address', async () => {
    const eth0 = await Interface.open({ machine: laptop, name: 'eth0' })
    expect(eth0.routes.toJSON()).toEqual([
      {
        family: 4,
        interface: 'eth0',
        nicIps: ['192.168.1.20', '10.9.0.4'],
        extIps: [],
        linkLocal: [],
        status: 'assumed',
      },
      {
        family: 6,
        interface: 'eth0',
        nicIps: [],
        extIps: [],
        linkLocal: ['fe80::fc:ff:fe00:1'],
        status: 'assumed',
      },
    ])
    const wifi = await Interface.open({ machine: laptop, name: 'wlp3s0' })
    expect(wifi.routes.routes.map(({ extIps }) => extIps)).toEqual(
      [['2606:4700::3'], ['2606:4700::4'], []].sort(),
    )
    expect([...wifi.families].sort()).toEqual([4, 6])
    expect(() => eth0.route(6).endpoint({ address: '10.9.0.4' })).toThrow(/not an address/)
  })

  it('shows itself as JSON and in a console', async () => {
    const nic = await Interface.open({ machine: laptop, name: 'eth0' })
    expect(JSON.parse(JSON.stringify(nic))).toMatchObject({ name: 'eth0', kind: 'ethernet' })
    expect(inspect(nic, { depth: 5 })).toContain("nicIps: [ '192.168.1.20', '10.9.0.4' ]")
  })
})

describe('watching', () => {
  /** The machine is another one at each look. */
  const changing = (machines: readonly Machine[]): Machine => {
    let look = -1
    const current = () => machines[Math.min(look, machines.length - 1)] as Machine
    return {
      ...laptop,
      interfaces: () => current().interfaces(),
      read: path => current().read(path),
      // Listing the interfaces begins with reading the flags of their addresses
      list: path => current().list(path),
      get platform() {
        look += 1
        return 'linux' as const
      },
    }
  }

  const changes = async (machines: readonly Machine[], count: number): Promise<InterfaceChange[]> => {
    const clock = new VirtualClock()
    // The first look at the platform chooses the interval
    const watched = watchInterfaces({ machine: changing([laptop, ...machines]), clock, includeVirtual: true })
    const seen: InterfaceChange[] = []
    const collected = (async () => {
      for await (const change of watched) if (seen.push(change) === count) return
    })()
    await clock.run(collected)
    return seen
  }

  it('tells of a cable that is pulled: the addresses go, and the default route is another', async () => {
    expect(await changes([laptop, unplugged], 2)).toMatchObject([
      { type: 'addresses', interface: { name: 'eth0' }, added: [], removed: [{}, {}, {}] },
      {
        type: 'default',
        family: 4,
        from: { interface: 'eth0', gateway: '192.168.1.1' },
        to: { interface: 'wlp3s0', gateway: '10.0.0.1' },
      },
    ])
  })

  it('tells of an interface that goes and comes back', async () => {
    const files = Object.entries(laptopParts.files ?? {})
      .filter(([path]) => !path.includes('/veth12/'))
      .map(
        ([path, text]) => [path, path === '/proc/net/dev' ? text.replace(/.*veth12.*\n/, '') : text] as const,
      )
    const without = recorded({ ...laptopParts, files: Object.fromEntries(files) })
    expect(await changes([laptop, without, laptop], 2)).toMatchObject([
      { type: 'removed', interface: { name: 'veth12' } },
      { type: 'added', interface: { name: 'veth12' } },
    ])
  })

  it('ends without an error when its signal is aborted', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const watched = watchInterfaces({ machine: laptop, clock, signal: controller.signal })
    const next = watched.next()
    await clock.advance(5_000)
    controller.abort()
    expect(await next).toEqual({ done: true, value: undefined })
    await clock.runUntilIdle()
  })
})
