import { P2PError } from '@p2p/interfaces'
import { VirtualClock } from '@p2p/simulation'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { between, flipIn, forge } from './middle.ts'
import type { NoiseOptions } from '../src/index.ts'
import { identity, memoryPair, securedPair, tcpPair } from './pairs.ts'
import { builds, fromHex, hex } from './primitives.ts'

const [alice, bob] = [identity(1), identity(2)]
const key = (fill: number) => new Uint8Array(32).fill(fill)
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const bytes = (words: string) => new TextEncoder().encode(words)

/** The code of a rejection, or what was resolved instead. */
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (P2PError.is(error) ? error.code : String(error)),
  )

describe.each(builds)('a handshake by %s', (_name, primitives, createNoise) => {
  const noise = (who: typeof alice, more: Partial<NoiseOptions> = {}) =>
    createNoise({ identity: who, network: 'games', ...more })

  /** How both ends fail, and what else they have in common: nothing was delivered, and nothing is left. */
  const failures = async (
    first: Partial<NoiseOptions>,
    second: Partial<NoiseOptions>,
    expected?: string,
  ): Promise<[string, string]> => {
    const pair = await memoryPair()
    const dialled = noise(alice, first).secure(pair.outbound, { expected })
    const accepted = noise(bob, second).secure(pair.inbound)
    const codes = await Promise.all([codeOf(dialled), codeOf(accepted)])
    await Promise.all([pair.outbound.closed, pair.inbound.closed])
    return codes
  }

  it('proves each end to the other, with what each has to say', async () => {
    const { outbound, inbound } = await securedPair(await tcpPair(), [noise(alice), noise(bob)], {
      dialler: { hello: peer => bytes(`hello ${peer?.id.slice(0, 4)}`), expected: bob.id },
      listener: { hello: bytes('welcome'), expected: alice.id },
    })
    expect([outbound.peer.id, inbound.peer.id]).toEqual([bob.id, alice.id])
    expect([outbound.peer.publicKey, inbound.peer.publicKey]).toEqual([bob.publicKey, alice.publicKey])
    expect(text(outbound.peer.hello)).toBe('welcome')
    expect(text(inbound.peer.hello)).toBe(`hello ${bob.id.slice(0, 4)}`)
    await Promise.all([outbound.close(), inbound.close()])
  })

  it('tells a wrong network, at both ends', async () => {
    expect(await failures({ network: 'work' }, {})).toEqual(['P2P_WRONG_NETWORK', 'P2P_WRONG_NETWORK'])
  })

  it('tells who dials that there is no room', async () => {
    const { outbound, inbound } = await tcpPair()
    const dialled = codeOf(noise(alice).secure(outbound))
    await noise(bob).turnAway(inbound)
    expect(await dialled).toBe('P2P_LIMIT_REACHED')
    await Promise.all([outbound.closed, inbound.closed])
  })

  it('tells a wrong secret, at both ends, whoever has none', async () => {
    const wrong = ['P2P_WRONG_SECRET', 'P2P_WRONG_SECRET']
    expect(await failures({ secret: key(1) }, { secret: key(2) })).toEqual(wrong)
    expect(await failures({ secret: key(1) }, {})).toEqual(wrong)
    expect(await failures({}, { secret: key(2) })).toEqual(wrong)
    const { outbound, inbound } = await securedPair(await memoryPair(), [
      noise(alice, { secret: key(1) }),
      noise(bob, { secret: key(1) }),
    ])
    await Promise.all([outbound.close(), inbound.close()])
  })

  it('tells who is not the expected node, before it hears from us', async () => {
    const codes = await failures({}, {}, identity(3).id)
    expect(codes).toEqual(['P2P_UNEXPECTED_ID', 'P2P_UNEXPECTED_ID'])
  })

  it('does not believe a key that has not signed for its owner', async () => {
    const liar = { publicKey: bob.publicKey, sign: (message: Uint8Array) => alice.sign(message) }
    const codes = await failures({}, { identity: liar })
    expect(codes).toEqual(['P2P_NOT_PROVEN', 'P2P_NOT_PROVEN'])
    expect(await failures({ identity: liar }, {})).toEqual(codes)
  })

  it('does not believe a key of small order, for which anybody can sign', async () => {
    const neutral = new Uint8Array(32).with(0, 1)
    const nobody = { publicKey: neutral, sign: () => new Uint8Array(64).with(0, 1) }
    const codes = await failures({}, { identity: nobody })
    expect(codes).toEqual(['P2P_NOT_PROVEN', 'P2P_NOT_PROVEN'])
    expect(await failures({ identity: nobody }, {})).toEqual(codes)
  })

  it('takes a text as a secret, and stretches it as PROTOCOL.md says', async () => {
    // Its vectors; computed by Python: hashlib.scrypt(text, salt=b'@p2p/noise secret\ndemo', n=2**15, r=8, p=1, maxmem=2**27, dklen=32)
    const stretched = 'd3c37020bf00c913ee650aaf0130fe2fbdbeca877f929eb62936e9cfd4b258fa'
    const page = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8')
    expect(page.replaceAll(/\s/gu, '')).toContain(stretched)
    const { outbound, inbound } = await securedPair(await memoryPair(), [
      noise(alice, { network: 'demo', secret: 'correct horse battery staple' }),
      noise(bob, { network: 'demo', secret: fromHex(stretched) }),
    ])
    await Promise.all([outbound.close(), inbound.close()])
  })

  it.each([
    ['an empty network', { network: '' }],
    ['a public key of another length', { identity: { ...alice, publicKey: new Uint8Array(31) } }],
    ['a signature of another length', { identity: { ...alice, sign: () => new Uint8Array(63) } }],
    ['an empty secret', { secret: '' }],
    ['a secret of 31 bytes', { secret: new Uint8Array(31) }],
    // As of a variable of the environment that is not set: never an open network by mistake
    ['a secret that is given and undefined', { secret: undefined } as unknown as Partial<NoiseOptions>],
    ['a secret that is null', { secret: null } as unknown as Partial<NoiseOptions>],
  ])('refuses %s', (_what, options) => {
    expect(() => noise(alice, options)).toThrow(expect.objectContaining({ code: 'P2P_BAD_OPTION' }))
  })

  it('refuses a timeout that is no number, and ends the connection', async () => {
    const { outbound, inbound } = await memoryPair()
    inbound.onData(() => undefined)
    await expect(noise(alice).secure(outbound, { timeout: NaN })).rejects.toThrow(RangeError)
    expect((await outbound.closed).error).toBeInstanceOf(RangeError)
    await inbound.closed
  })

  it('refuses flags that it does not know, at both ends', async () => {
    for (const flag of [1, 7]) {
      const pair = await between(
        memoryPair,
        forge(1, body => flipIn(body, 1, flag)),
      )
      const [dials, listens] = [noise(alice), noise(bob)]
      const dialled = codeOf(dials.secure(pair.outbound))
      expect(await codeOf(listens.secure(pair.inbound))).toBe('P2P_MALFORMED')
      expect(await dialled).toBe('P2P_MALFORMED')
    }
  })

  it('refuses a key of small order, with which anybody would know what was agreed on', async () => {
    // The five u of points whose order divides 8, and the two that are not canonical (RFC 7748 §6.1 and §7)
    const field = 2n ** 255n - 19n
    const small = [
      0n,
      1n,
      325606250916557431795983626356110631294008115727848805560023387167927233504n,
      39382357235489614581723060781553021112529911719440698176882885853963445705823n,
      field - 1n,
      field,
      field + 1n,
    ].map(u => fromHex(u.toString(16).padStart(64, '0')).reverse())
    const own = primitives.keyPair(key(5))
    for (const u of small) {
      expect(() => own.agree(u), hex(u)).toThrow()
      // X25519 does not look at the highest bit
      expect(() => own.agree(u.with(31, (u[31] ?? 0) | 0x80)), hex(u)).toThrow()
    }
    // Each end's fresh key: behind the hints, and first of all
    for (const [kind, at] of [
      [1, 10],
      [2, 0],
    ] as const) {
      const pair = await between(
        memoryPair,
        forge(kind, body => body.fill(0, at, at + 32)),
      )
      const dialled = codeOf(noise(alice).secure(pair.outbound))
      const accepted = codeOf(noise(bob).secure(pair.inbound))
      expect([await dialled, await accepted]).toEqual(['P2P_MALFORMED', 'P2P_MALFORMED'])
    }
  })

  it('fails with what its hello throws, and refuses one that is too long', async () => {
    for (const [hello, code] of [
      [() => new Uint8Array(4_097), 'P2P_BAD_OPTION'],
      [
        () => {
          throw new P2PError('P2P_OURS', 'no hello')
        },
        'P2P_OURS',
      ],
    ] as const) {
      const pair = await memoryPair()
      const dialled = codeOf(noise(alice).secure(pair.outbound, { hello }))
      const accepted = codeOf(noise(bob).secure(pair.inbound))
      expect(await dialled).toBe(code)
      expect(await accepted).toBe('P2P_HANDSHAKE_FAILED')
    }
  })
})

describe('a handshake of two builds', () => {
  it.each(
    builds.flatMap(dial => builds.filter(listen => listen !== dial).map(listen => [dial, listen] as const)),
  )('is one protocol: %s dials %s', async ([, , dial], [, , listen]) => {
    const options = { network: 'games', secret: key(9) }
    const { outbound, inbound } = await securedPair(await memoryPair(), [
      dial({ ...options, identity: alice }),
      listen({ ...options, identity: bob }),
    ])
    const heard = new Promise<string>(resolve => inbound.onData(chunk => resolve(text(chunk))))
    outbound.write(bytes('good evening'))
    expect(await heard).toBe('good evening')
    outbound.onData(() => undefined)
    await Promise.all([outbound.close(), inbound.closed])
  })
})

describe.each([builds[0], builds[2]])('who does not speak it, with %s', (_name, _primitives, createNoise) => {
  const noise = createNoise({ identity: alice, network: 'games' })

  it('is told from its first byte, and told something it understands', async () => {
    const polite = createNoise({ identity: alice, network: 'games', toPlaintext: bytes('speak noise') })
    const { outbound, inbound } = await memoryPair()
    const answer = new Promise<string>(resolve => outbound.onData(chunk => resolve(text(chunk))))
    // A frame of the mesh: its length, version and kind
    outbound.write(Uint8Array.of(0, 0, 0, 9, 1, 1))
    expect(await codeOf(polite.secure(inbound))).toBe('P2P_PLAINTEXT')
    expect(await answer).toBe('speak noise')
    expect((await outbound.closed).error).toBeUndefined()
  })

  it('is told by who dials it', async () => {
    const { outbound, inbound } = await memoryPair()
    inbound.onData(() => inbound.write(Uint8Array.of(0, 0, 0, 9, 1, 2)))
    expect(await codeOf(noise.secure(outbound))).toBe('P2P_PLAINTEXT')
    expect((await inbound.closed).error).toBeDefined()
  })

  it('may repeat what we say: that is no answer', async () => {
    const { outbound, inbound } = await memoryPair()
    inbound.onData(chunk => inbound.write(chunk.slice()))
    await expect(noise.secure(outbound)).rejects.toMatchObject({
      code: 'P2P_MALFORMED',
      message: expect.stringMatching(/both dialled, or it repeats/u) as unknown,
    })
  })

  it('may speak first, as we do: one of two has to be the listener', async () => {
    const { outbound, inbound } = await memoryPair()
    const other = createNoise({ identity: bob, network: 'games' })
    const codes = [codeOf(noise.secure(outbound)), codeOf(other.secure(inbound, { role: 'dialler' }))]
    expect(await Promise.all(codes)).toEqual(['P2P_MALFORMED', 'P2P_MALFORMED'])
  })

  it('may hang up', async () => {
    for (const end of ['close', 'abort'] as const) {
      const { outbound, inbound } = await memoryPair()
      inbound.onData(() => void inbound[end]())
      expect(await codeOf(noise.secure(outbound))).toBe('P2P_HANDSHAKE_FAILED')
    }
  })
})

describe.each([builds[0], builds[2]])('a dialler that does not wait to be accepted, with %s', (...build) => {
  const [, , createNoise] = build

  it('has its first byte back three round trips after it dials: one to connect, one to prove, one for the byte', async () => {
    const clock = new VirtualClock()
    const oneWay = 100
    const transport = createMemoryNetwork({ clock, latency: oneWay }).transport()
    const options = { network: 'games', secret: key(1), clock }
    const [dials, listens] = [bob, alice].map(who => createNoise({ ...options, identity: who }))
    const listener = await transport.listen('memory://there', connection => {
      void listens?.secure(connection).then(echo => echo.onData(chunk => echo.write(chunk.slice())))
    })
    const begun = clock.monotonic()
    const back = new Promise<number>(resolve => {
      const greet = async () => {
        const secured = await dials?.secure(await transport.dial(listener.address), { confirm: false })
        secured?.onData(() => {
          resolve(clock.monotonic())
          secured.abort()
        })
        secured?.write(bytes('a'))
      }
      void greet()
    })
    await clock.advance(10 * oneWay)
    expect((await back) - begun).toBe(3 * 2 * oneWay)
    await listener.close()
  })

  const dialler = createNoise({ identity: alice, network: 'games', secret: key(1) })

  it('has its first bytes read by the listener along with the last message', async () => {
    const listener = createNoise({ identity: bob, network: 'games', secret: key(1) })
    const { outbound, inbound } = await memoryPair()
    const accepted = listener.secure(inbound)
    const early = await dialler.secure(outbound, { confirm: false })
    const answer = new Promise<string>(resolve => early.onData(chunk => resolve(text(chunk))))
    early.write(bytes('early'))
    const late = await accepted
    late.onData(chunk => late.write(chunk.slice()))
    expect(await answer).toBe('early')
    await Promise.all([early.close(), late.closed])
  })

  it('learns of a refusal when it reads, and nobody has read what it wrote', async () => {
    const listener = createNoise({ identity: bob, network: 'games', secret: key(2) })
    const { outbound, inbound } = await memoryPair()
    const accepted = codeOf(listener.secure(inbound))
    const early = await dialler.secure(outbound, { confirm: false })
    early.onData(() => expect.unreachable('nothing is delivered'))
    early.write(bytes('early'))
    expect((await early.closed).error).toMatchObject({ code: 'P2P_WRONG_SECRET' })
    expect(await accepted).toBe('P2P_WRONG_SECRET')
  })
})
