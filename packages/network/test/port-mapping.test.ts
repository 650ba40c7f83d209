import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toEndpoint } from '../src/index.ts'
import {
  decodeNatPmp,
  decodeSsdp,
  encodeNatPmp,
  encodeSearch,
  type UpnpLibrary,
} from '../src/port-mapping.ts'
import { recorded } from './machines/machine.ts'
import { bytes, hex, home } from './simulator/home.ts'
import { Host } from './simulator/host.ts'

describe('messages of NAT-PMP', () => {
  it('are as in RFC 6886, 3.2 and 3.3', () => {
    expect(hex(encodeNatPmp({ type: 'address' }))).toBe('0000')
    expect(hex(encodeNatPmp({ type: 'tcp', internalPort: 80, externalPort: 8080, lifetime: 7200 }))).toBe(
      '0002000000501f9000001c20',
    )
    expect(decodeNatPmp(bytes('0080 0000 0000002a cb007107'))).toEqual({
      type: 'address',
      address: '203.0.113.7',
    })
    expect(decodeNatPmp(bytes('0081 0000 0000002a 0050 1f90 00000e10'))).toEqual({
      type: 'udp',
      internalPort: 80,
      externalPort: 8080,
      lifetime: 3600,
    })
  })

  it('say why the router refuses', () => {
    expect(() => decodeNatPmp(bytes('0082 0002 0000002a 0050 0000 00000000'))).toThrow(
      expect.objectContaining({ code: 'P2P_MAPPING_REFUSED', message: 'the router does not allow it' }),
    )
  })

  it('are read or refused with an error of ours, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), input => {
        try {
          decodeNatPmp(input)
        } catch (error) {
          expect(error).toMatchObject({
            code: expect.stringMatching(/^P2P_(PROTOCOL_ERROR|MAPPING_REFUSED)$/) as unknown,
          })
        }
      }),
    )
  })
})

describe('messages of SSDP', () => {
  const text = (value: string) => new TextEncoder().encode(value)

  it('are as in the UPnP Device Architecture 1.1, 1.3.2 and 1.3.3', () => {
    expect(new TextDecoder().decode(encodeSearch('upnp:rootdevice'))).toBe(
      'M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: "ssdp:discover"\r\nMX: 1\r\nST: upnp:rootdevice\r\n\r\n',
    )
    const answer =
      'HTTP/1.1 200 OK\r\nEXT:\r\nLocation : http://10.0.0.1:80/a.xml \r\nst:upnp:rootdevice\r\n\r\n'
    expect(decodeSsdp(text(answer))).toEqual({
      target: 'upnp:rootdevice',
      location: new URL('http://10.0.0.1/a.xml'),
    })
  })

  it.each([
    ['', 'nothing'],
    ['NOTIFY * HTTP/1.1\r\nST: a\r\nLOCATION: http://10.0.0.1/\r\n\r\n', 'a notification'],
    ['HTTP/1.1 404 Not Found\r\nST: a\r\nLOCATION: http://10.0.0.1/\r\n\r\n', 'another status'],
    ['HTTP/1.1 200 OK\r\nST: a\r\n\r\nLOCATION: http://10.0.0.1/\r\n', 'a place behind the headers'],
    ['HTTP/1.1 200 OK\r\nST: a\r\nLOCATION: file:///etc/passwd\r\n\r\n', 'a file'],
    ['HTTP/1.1 200 OK\r\nST: a\r\nLOCATION: /rootDesc.xml\r\n\r\n', 'no URL'],
    ['HTTP/1.1 200 OK\r\nST: a\r\nLOCATION: http:/\xe5\x89\xae\r\n\r\n', 'bytes above ASCII'],
    [`HTTP/1.1 200 OK\r\nST: ${'a'.repeat(3_000)}\r\nLOCATION: http://10.0.0.1/\r\n\r\n`, 'too much'],
  ])('%# are refused: %s', (answer, _) => {
    expect(() => decodeSsdp(Buffer.from(answer, 'latin1'))).toThrow(
      expect.objectContaining({ code: 'P2P_PROTOCOL_ERROR' }),
    )
  })
})

/** A router that speaks UPnP, as the library shows it. */
const library = (more: { readonly fails?: boolean; readonly isOther?: boolean } = {}) => {
  const seen: string[] = []
  const upnp: UpnpLibrary = {
    upnpNat: () => ({
      getGateway: async description => {
        seen.push(description.href)
        if (more.isOther === true) throw new Error('Device type was not "InternetGatewayDevice"')
        return {
          id: 'uuid:router',
          family: 'IPv4' as const,
          map: async (port: number, host: string, options: { externalPort: number; ttl: number }) => {
            seen.push(`map ${host}:${port} ${options.ttl}`)
            if (more.fails === true) throw new Error('ConflictInMappingEntry')
            return {
              externalHost: '203.0.113.7',
              externalPort: options.externalPort,
            }
          },
          unmap: async (port: number) => void seen.push(`unmap ${port}`),
          stop: async () => void seen.push('stop'),
        }
      },
    }),
  }
  return { upnp, seen }
}

describe('a mapped port', () => {
  it('is where the router says, and is gone after close', async () => {
    const { map, mapped, clock, host } = await home()
    const mapping = await map()
    expect(mapping).toMatchObject({
      external: { address: '203.0.113.7', port: 4_444 },
      internal: { address: '192.168.1.20', port: 4_444 },
      protocol: 'nat-pmp',
      router: '192.168.1.1',
    })
    expect([...mapped.keys()]).toEqual(['115c'])
    await clock.run(mapping.close())
    await clock.run(mapping.close())
    expect(mapped.size).toBe(0)
    expect(await mapping.closed).toEqual({})
    expect(host.open).toBe(0)
    await clock.runUntilIdle()
  })

  it('may have another number than was wished', async () => {
    const { map, clock } = await home()
    const mapping = await map({ externalPort: 4_000 })
    expect(mapping.external.port).toBe(4_001)
    await clock.run(mapping.close())
  })

  it('is renewed at half of what was granted', async () => {
    const { map, mapped, clock } = await home({ grants: 60 })
    const mapping = await map()
    await clock.advance(10 * 60_000)
    expect(mapped.get('115c')).toBeGreaterThan(clock.monotonic())
    await clock.run(mapping.close())
  })

  it('ends with an error when the router is gone for longer than the mapping lives', async () => {
    const { map, state, clock } = await home({ grants: 120 })
    const mapping = await map()
    state.silent = true
    await clock.advance(130_000)
    expect(await clock.run(mapping.closed)).toMatchObject({ error: { code: 'P2P_TIMEOUT' } })
    await clock.run(mapping.close())
    await clock.runUntilIdle()
  })

  it('survives a router that is away for a short time', async () => {
    const { map, state, clock, mapped } = await home({ grants: 120 })
    const mapping = await map()
    await clock.advance(59_000)
    state.silent = true
    await clock.advance(20_000)
    state.silent = false
    await clock.advance(60_000)
    expect(mapped.get('115c')).toBeGreaterThan(clock.monotonic())
    await clock.run(mapping.close())
  })
})

describe('asking for a port', () => {
  it('is repeated where the router has not heard', async () => {
    const { map, clock } = await home({ deaf: 3 })
    const mapping = await map()
    expect(mapping.external.port).toBe(4_444)
    await clock.run(mapping.close())
  })

  it('believes only the router', async () => {
    const { map, realm, host, state, clock } = await home()
    state.silent = true
    const liar = new Host(realm, '192.168.1.66')
    const socket = await liar.sockets.udp(toEndpoint('192.168.1.66', 5_351))
    const lie = clock.after(100, () => {
      for (let port = 32_768; port < 61_000; port++)
        void socket.send(bytes('0080 0000 00000001 06060606'), toEndpoint('192.168.1.20', port))
    })
    await expect(map({ timeout: 1_000 })).rejects.toMatchObject({ code: 'P2P_TIMEOUT' })
    lie[Symbol.dispose]()
    expect(host.open).toBe(0)
  })

  it('says that the router refuses', async () => {
    const { map, host } = await home({ refuses: true })
    await expect(map()).rejects.toMatchObject({ code: 'P2P_MAPPING_REFUSED' })
    expect(host.open).toBe(0)
  })

  it('says that there is no router', async () => {
    const { map } = await home()
    const machine = recorded({ platform: 'linux', addresses: { lo: ['127.0.0.1/8'] } })
    await expect(map({ machine })).rejects.toMatchObject({ code: 'P2P_NO_DEFAULT_ROUTE' })
  })
})

const described = 'http://192.168.1.1:41555/rootDesc.xml'

describe('by UPnP', () => {
  it('a port is mapped, renewed and removed', async () => {
    const { map, clock } = await home()
    const { upnp, seen } = library()
    const mapping = await map({ protocols: ['upnp'], upnp, lifetime: 60_000 })
    expect(mapping).toMatchObject({ protocol: 'upnp', external: { address: '203.0.113.7', port: 4_444 } })
    await clock.advance(61_000)
    await clock.run(mapping.close())
    const once = 'map 192.168.1.20:4444 60000'
    expect(seen).toEqual([described, once, once, once, 'unmap 4444', 'stop'])
  })

  it('refusals, and no answer, are errors of ours', async () => {
    const { map } = await home()
    const refusing = library({ fails: true })
    await expect(map({ protocols: ['upnp'], upnp: refusing.upnp })).rejects.toMatchObject({
      code: 'P2P_MAPPING_REFUSED',
    })
    expect(refusing.seen.at(-1)).toBe('stop')
    for (const silent of [await home({ speaksUpnp: false }), await home()]) {
      const { upnp } = library({ isOther: true })
      await expect(silent.map({ protocols: ['upnp'], upnp })).rejects.toMatchObject({
        code: 'P2P_NO_GATEWAY',
      })
      expect(silent.host.open).toBe(0)
    }
  })

  it('only the router is believed, and only about itself', async () => {
    const { map, realm, ssdp } = await home({ speaksUpnp: false })
    const answer = (location: string) =>
      new TextEncoder().encode(
        `HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\nLOCATION: ${location}\r\n\r\n`,
      )
    const liar = await new Host(realm, '192.168.1.66').sockets.udp(toEndpoint('192.168.1.66', 1_900))
    const { upnp, seen } = library()
    let lies = 0
    ssdp.onMessage((_, from) => {
      lies += 1
      void liar.send(answer(described), from)
      void ssdp.send(answer('http://192.168.1.66/rootDesc.xml'), from)
      void ssdp.send(answer('http://localhost/rootDesc.xml'), from)
      void ssdp.send(new TextEncoder().encode('NOTIFY * HTTP/1.1\r\n\r\n'), from)
    })
    await expect(map({ protocols: ['upnp'], upnp })).rejects.toMatchObject({ code: 'P2P_NO_GATEWAY' })
    expect(lies).toBeGreaterThan(0)
    expect(seen).toEqual([])
  })

  it('it is one mapping in the end, where both protocols would have mapped', async () => {
    const { map, clock, mapped } = await home()
    const { upnp, seen } = library()
    const mapping = await map({ protocols: ['nat-pmp', 'upnp'], upnp })
    const byUpnp =
      seen.filter(each => each.startsWith('map')).length -
      seen.filter(each => each.startsWith('unmap')).length
    expect(mapped.size + byUpnp).toBe(1)
    await clock.run(mapping.close())
  })

  it('the library has what is used of it', async () => {
    // Nothing is sent: that would leave this machine
    const real: UpnpLibrary = await import('@achingbrain/nat-port-mapper')
    expect(typeof real.upnpNat().getGateway).toBe('function')
  })
})
