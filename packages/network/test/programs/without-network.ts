/** What a machine without any network says; a test starts this where there is not even a loopback interface that is up. */
import { Interface, listInterfaces, resolve } from '../../src/index.ts'
import { detectNat } from '../../src/nat.ts'
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
const interfaces = await listInterfaces({ includeLoopback: true, includeVirtual: true })
const found = {
  names: interfaces.map(({ name }) => name),
  up: interfaces.filter(({ up }) => up).length,
  default: await outcome(Interface.default()),
  resolve: await outcome(resolve('203.0.113.10', 80)),
  detect: await outcome(detectNat({ servers })),
  detect6: await outcome(detectNat({ servers: ['[2001:db8::1]:3478'], family: 6 })),
  punch: await outcome(punch({ servers, exchange: () => Promise.reject(new Error('not reached')) })),
  map: await outcome(mapPort({ transport: 'udp', port: 9 })),
  mapByUpnp: await outcome(mapPort({ transport: 'udp', port: 9, gateway: '10.0.0.1', protocols: ['upnp'] })),
}
console.log(JSON.stringify(found))
