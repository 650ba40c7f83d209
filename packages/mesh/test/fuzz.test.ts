import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Connection, Transport } from '@p2p/interfaces'
import { P2PError } from '@p2p/interfaces'
import { SeededRandom } from '@p2p/simulation'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { tcp } from '@p2p/transport/tcp'
import { describe, expect, it } from 'vitest'
import { createIdentity, createMesh, type Identity, type Mesh, plaintext } from '../src/index.ts'
import { Kind } from '../src/wire/header.ts'
import { encodeHello, networkTag } from '../src/wire/hello.ts'
import { addressOf } from './network.ts'
import { thorough } from './thorough.ts'

/** How many frames: the environment can ask for more, as in `P2P_FUZZ=1000000 npx vitest run test/fuzz.test.ts`. */
const frames = Number(process.env['P2P_FUZZ'] ?? (thorough ? 100_000 : 8_000))
const seed = Number(process.env['P2P_SEED'] ?? 1)

interface Vectors {
  messages: { hex: string }[]
}

const vectors = JSON.parse(readFileSync(new URL('vectors/wire.json', import.meta.url), 'utf8')) as Vectors
const samples = vectors.messages.map(({ hex }) => new Uint8Array(Buffer.from(hex, 'hex')))

/** Makes payloads that are wrong in some way, and some that are right and lie. */
class Fuzzer {
  readonly random: SeededRandom

  constructor(random: SeededRandom) {
    this.random = random
  }

  payload(): Uint8Array {
    const { random } = this
    switch (random.integer(7)) {
      case 0:
        return random.fill(new Uint8Array(random.integer(200)))
      case 1: {
        const sample = random.pick(samples)
        return sample.subarray(0, random.integer(sample.length))
      }
      case 2:
        return Buffer.concat([random.pick(samples), random.fill(new Uint8Array(1 + random.integer(40)))])
      case 3: {
        const flipped = random.pick(samples).slice()
        for (let count = 1 + random.integer(4); count > 0; count--)
          flipped[random.integer(flipped.length)] = random.integer(256)
        return flipped
      }
      case 4:
        return this.nested()
      case 5: {
        const header = Uint8Array.of(1, random.integer(256), random.integer(256), random.integer(256))
        return Buffer.concat([header, random.fill(new Uint8Array(random.integer(120)))])
      }
      default:
        return random.pick(samples)
    }
  }

  /** A body of arrays in arrays, as deep as it is long, or of declared lengths that are not there. */
  private nested(): Uint8Array {
    const name = Buffer.from('/chat/1')
    const kind = this.random.pick([Kind.send, Kind.request])
    const body = this.random.chance(0.5)
      ? new Uint8Array(1 + this.random.integer(5_000)).fill(0x91)
      : Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)
    const id = kind === Kind.request ? this.random.fill(new Uint8Array(4)) : new Uint8Array()
    return Buffer.concat([Uint8Array.of(1, kind, 0, name.length), id, name, body])
  }
}

const framed = (payload: Uint8Array) => {
  const frame = Buffer.alloc(4 + payload.length)
  frame.writeUInt32BE(payload.length)
  frame.set(payload, 4)
  return frame
}

/** Somebody who says both his HELLOs, and then whatever comes to his mind. */
const hello = (identity: Identity, random: SeededRandom): Uint8Array => {
  const fields = {
    oldest: 1,
    newest: 1,
    network: networkTag('fuzz'),
    publicKey: identity.publicKey,
    incarnation: random.fill(new Uint8Array(8)),
    nonce: random.fill(new Uint8Array(8)),
    epoch: 0,
    sequence: 0,
    signed: false,
    addresses: [],
    held: undefined,
  }
  return Buffer.concat([1, 2].map(serial => framed(encodeHello({ ...fields, serial }))))
}

const attack = async (
  transport: Transport,
  victim: Mesh,
  honest: Mesh,
  count: number,
): Promise<Set<string>> => {
  const random = new SeededRandom(seed)
  const fuzzer = new Fuzzer(random)
  const codes = new Set<string>()
  const note = (error: unknown) => codes.add(P2PError.is(error) ? error.code : `not coded: ${String(error)}`)
  victim.on('refused', (_, error) => note(error))
  victim.on('peer:disconnect', (_, error) => error !== undefined && note(error))
  victim.on('error', note)
  let down = 0
  honest.on('peer:disconnect', () => down++)
  // Fewer than there is room for neighbours: a JOIN may take somebody's place, which is no fault of the decoder's
  const identities = Array.from({ length: 4 }, () => createIdentity(random))
  let connection: Connection | undefined
  let closed = true
  for (let sent = 0; sent < count; sent++) {
    if (connection === undefined || closed) {
      closed = false
      const fresh = await transport.dial(addressOf(victim))
      fresh.onData(() => undefined)
      void fresh.closed.then(() => fresh === connection && (closed = true))
      connection = fresh
      if (random.chance(0.9)) fresh.write(hello(random.pick(identities), random))
    }
    // Sometimes the length lies as well: it says more than comes, or more than is allowed
    if (random.chance(0.02)) connection.write(random.fill(new Uint8Array(1 + random.integer(8))))
    else connection.write(framed(fuzzer.payload()))
    // The end of the connection is seen a few turns later; until then more of the same arrives behind it
    if (sent % 4 === 3) await new Promise(resolve => setImmediate(resolve))
  }
  connection?.abort()
  expect(await honest.request(victim.id, '/echo', 'still there')).toBe('still there')
  expect(down).toBe(0)
  return codes
}

/** Small, so that memory that grows beyond a limit shows. */
const limits = { origins: 256, log: 65_536, contacts: 64, inbox: 256 }

const pair = async (transport: Transport, listen: `${string}://${string}`) => {
  const create = () =>
    // What is hostile here is what a member says, and it says it fastest in clear
    createMesh({ network: 'fuzz', transports: [transport], listen: [listen], limits, security: plaintext() })
  const [victim, honest] = [await create(), await create()]
  victim.handle('/echo', ({ body }) => body)
  await honest.connect(addressOf(victim))
  return { victim, honest }
}

const expectCoded = (codes: Set<string>) =>
  expect(Array.from(codes).filter(code => !code.startsWith('P2P_'))).toEqual([])

describe('hostile frames', () => {
  it(
    `end their own link with a coded error and change nothing else: ${frames} over memory links, seed ${seed}`,
    { timeout: 600_000 },
    async () => {
      const transport = createMemoryNetwork().transport()
      const { victim, honest } = await pair(transport, 'memory://*')
      await attack(transport, victim, honest, Math.ceil(frames / 10))
      const before = heap()
      const codes = await attack(transport, victim, honest, frames)
      expectCoded(codes)
      expect(codes).toContain('P2P_MALFORMED')
      // What the node keeps is bounded by its limits: nothing of it grows with the number of frames
      expect(heap() - before).toBeLessThan(10e6)
      expect(victim.stats().links).toBeLessThan(70)
      await Promise.all([victim.close(), honest.close()])
    },
  )

  it('end their own link over TCP too: 1000', async () => {
    const transport = tcp()
    const { victim, honest } = await pair(transport, 'tcp://127.0.0.1:0')
    expectCoded(await attack(transport, victim, honest, 1000))
    await Promise.all([victim.close(), honest.close()])
  })
})

const collect = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
})()

const heap = () => {
  collect()
  return process.memoryUsage().heapUsed
}
