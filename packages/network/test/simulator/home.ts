import { toEndpoint } from '../../src/index.ts'
import type { UdpSocket } from '../../src/nat.ts'
import { mapPort, type MapPortOptions, type PortMapping } from '../../src/port-mapping.ts'
import { laptop } from '../machines/linux.ts'
import { Host } from './host.ts'
import type { Realm } from './realm.ts'
import { createWorld, type World } from './world.ts'

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'))

/** Options of {@link home}. */
export interface RouterOptions {
  /** Seconds that it grants at most. */
  readonly grants?: number
  /** Questions that it does not hear. */
  readonly deaf?: number
  readonly refuses?: boolean
  /** Whether it answers by SSDP. Default `true`. */
  readonly speaksUpnp?: boolean
}

/** A laptop behind a router of its own. */
export interface Home extends Pick<World, 'clock'> {
  readonly world: World
  readonly realm: Realm
  readonly router: Host
  readonly host: Host
  /** What the router maps: ports inside in hexadecimal, and until when. */
  readonly mapped: ReadonlyMap<string, number>
  /** Where the router listens for UPnP. */
  readonly ssdp: UdpSocket
  /** The router's: questions heard, whether it answers, and its address outside in hexadecimal. */
  readonly state: { heard: number; silent: boolean; address: string }
  /** Asks for a port by NAT-PMP. */
  readonly map: (more?: Partial<MapPortOptions>) => Promise<PortMapping>
}

/** A home: the laptop, and a router that speaks NAT-PMP. Its answers are made by hand from the RFC. */
export const home = async (options: RouterOptions = {}): Promise<Home> => {
  const world = await createWorld()
  const realm = world.realm()
  const router = new Host(realm, '192.168.1.1')
  const host = new Host(realm, '192.168.1.20')
  const mapped = new Map<string, number>()
  const socket = await router.sockets.udp(toEndpoint('192.168.1.1', 5_351))
  const state = { heard: 0, silent: false, address: 'cb007107' }
  socket.onMessage((question, from) => {
    state.heard += 1
    if (state.silent || state.heard <= (options.deaf ?? 0)) return
    const view = new DataView(question.buffer)
    const operation = question[1] ?? 0
    if (operation === 0) {
      void socket.send(bytes(`0080 0000 00000001 ${state.address}`), from)
      return
    }
    const lifetime = Math.min(view.getUint32(8), options.grants ?? 7_200)
    const internal = hex(question.subarray(4, 6))
    // As RFC 6886, 3.3 wants it: another port where the wanted one is taken
    const external = view.getUint16(6) === 4_000 ? '0fa1' : hex(question.subarray(6, 8))
    if (lifetime === 0) mapped.delete(internal)
    else if (options.refuses !== true) mapped.set(internal, world.clock.monotonic() + lifetime * 1_000)
    const result = options.refuses === true ? '0002' : '0000'
    const seconds = lifetime.toString(16).padStart(8, '0')
    const answer = `00${(128 + operation).toString(16)} ${result} 00000001 ${internal} ${external} ${seconds}`
    void socket.send(bytes(answer), from)
  })
  const ssdp = await router.sockets.udp(toEndpoint('192.168.1.1', 1_900))
  ssdp.onMessage((question, from) => {
    const target = /^ST: (?<target>.*)\r$/m.exec(new TextDecoder().decode(question))?.groups?.['target']
    if (target === undefined || options.speaksUpnp === false) return
    // An answer as miniupnpd gives it
    const answer = [
      'HTTP/1.1 200 OK',
      'CACHE-CONTROL: max-age=120',
      `ST: ${target}`,
      `USN: uuid:0000::${target}`,
      'EXT:',
      'SERVER: Debian/12 UPnP/1.1 MiniUPnPd/2.3.1',
      'LOCATION: http://192.168.1.1:41555/rootDesc.xml',
      '',
      '',
    ]
    void ssdp.send(new TextEncoder().encode(answer.join('\r\n')), from)
  })
  const { clock, random } = world
  const map = (more: Partial<MapPortOptions> = {}): Promise<PortMapping> =>
    clock.run(
      mapPort({
        transport: 'tcp',
        port: 4_444,
        protocols: ['nat-pmp'],
        machine: laptop,
        sockets: host.sockets,
        clock,
        random,
        ...more,
      }),
    )
  return { world, clock, router, ssdp, host, mapped, state, map, realm }
}
