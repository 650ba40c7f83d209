/** What a machine without any network says; a test starts this where there is not even a loopback interface that is up. */
import { type AnnounceReport, autoAnnounce } from '../../src/announce.ts'
import { Interface, listInterfaces, resolve, Route } from '../../src/index.ts'
import { detectNat, discoverRoutes, systemSockets } from '../../src/nat.ts'
import { mapPort } from '../../src/port-mapping.ts'
import { punch } from '../../src/punch.ts'

const outcome = async (work: Promise<unknown>) => {
  const begin = performance.now()
  const code = await work.then(
    () => 'worked',
    (error: unknown) => (error as { code?: string }).code,
  )
  return { code, quick: performance.now() - begin < 2_000 }
}

const servers = ['203.0.113.10']

/** What is announced, and the codes of what did not work. */
const announced = async () => {
  const controller = new AbortController()
  let report: AnnounceReport | undefined
  const reachable = ['tcp://127.0.0.1:9'] as const
  await autoAnnounce({
    servers,
    onReport: each => {
      report = each
      controller.abort()
    },
  })({
    listeners: [{ address: 'tcp://0.0.0.0:9', reachable }],
    announce: () => undefined,
    signal: controller.signal,
  })
  return {
    addresses: report?.addresses,
    codes: report?.errors.map(error => (error as { code?: string }).code),
  }
}

const gone = new Route({
  family: 4,
  interface: 'eth0',
  nicIps: ['10.0.0.7'],
  extIps: [],
  linkLocal: [],
  status: 'assumed',
})
const there = { address: '203.0.113.10', family: 4, port: 3_478 } as const
const interfaces = await listInterfaces({ includeLoopback: true, includeVirtual: true })
const found = {
  names: interfaces.map(({ name }) => name),
  up: interfaces.filter(({ up }) => up).length,
  default: await outcome(Interface.default()),
  resolve: await outcome(resolve('203.0.113.10', 80)),
  detect: await outcome(detectNat({ servers })),
  // STUN over TCP begins with a connection
  connect: await outcome(systemSockets.connect({ ...there, address: '0.0.0.0', port: 0 }, there)),
  discover: (await discoverRoutes([gone], { servers })).failures.map(
    ({ error }) => (error as { code?: string }).code,
  ),
  announced: await announced(),
  detect6: await outcome(detectNat({ servers: ['[2001:db8::1]:3478'], family: 6 })),
  punch: await outcome(punch({ servers, exchange: () => Promise.reject(new Error('not reached')) })),
  map: await outcome(mapPort({ transport: 'udp', port: 9 })),
  mapByUpnp: await outcome(mapPort({ transport: 'udp', port: 9, gateway: '10.0.0.1', protocols: ['upnp'] })),
}
console.log(JSON.stringify(found))
