import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  sign,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { between } from './middle.ts'
import { memoryPair } from './pairs.ts'
import { builds } from './primitives.ts'

// PROTOCOL.md once more, straight from its words and the specification of Noise, with `node:crypto` only and nothing of the package's own.
const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]) =>
  createHmac('sha256', key).update(Buffer.concat(parts)).digest()
const utf8 = (text: string) => Buffer.from(text, 'utf8')
const bytes = (...values: number[]) => Buffer.from(values)
const noBytes = Buffer.alloc(0)

const privateKey = (kind: '6e' | '70', fill: number) =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from(`302e020100300506032b65${kind}04220420`, 'hex'), Buffer.alloc(32, fill)]),
    format: 'der',
    type: 'pkcs8',
  })
const publicBytes = (key: KeyObject) =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
const agree = (ours: KeyObject, theirs: KeyObject) =>
  diffieHellman({ privateKey: ours, publicKey: createPublicKey(theirs) })

const sealed = (key: Uint8Array, counter: number, associated: Uint8Array, plaintext: Uint8Array) => {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32LE(counter, 4)
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  cipher.setAAD(associated, { plaintextLength: plaintext.length })
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

const derive = (chaining: Uint8Array, material: Uint8Array): [Buffer, Buffer, Buffer] => {
  const key = hmac(chaining, material)
  const first = hmac(key, bytes(1))
  const second = hmac(key, first, bytes(2))
  return [first, second, hmac(key, second, bytes(3))]
}

const framed = (kind: number, body: Uint8Array) => {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(body.length + 4)
  const frame = Buffer.concat([Buffer.from('d570326e', 'hex'), bytes(kind), length, body])
  return Buffer.concat([frame, sha256(frame).subarray(0, 4)])
}

const prefixed = (record: Uint8Array) => {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(record.length)
  return Buffer.concat([length, record])
}

const node = (fills: { readonly static: number; readonly ephemeral: number; readonly identity: number }) => ({
  static: privateKey('6e', fills.static),
  ephemeral: privateKey('6e', fills.ephemeral),
  identity: privateKey('70', fills.identity),
})
const fills = {
  dialler: { static: 0x11, ephemeral: 0x12, identity: 0x01 },
  listener: { static: 0x21, ephemeral: 0x22, identity: 0x02 },
} as const

/** All that both ends say: the handshake, `ping` of the dialler, `pong` of the listener, and both ends. */
const model = (secret: Uint8Array | undefined) => {
  const [dialler, listener] = [node(fills.dialler), node(fills.listener)]
  const proof = (end: typeof dialler, hello: string) => {
    const signed = Buffer.concat([utf8('@p2p/noise static key\n'), publicBytes(end.static)])
    return Buffer.concat([publicBytes(end.identity), sign(null, signed, end.identity), utf8(hello)])
  }
  const hints = Buffer.concat([
    bytes(1, secret === undefined ? 0 : 1),
    sha256(utf8('@p2p/noise network\ndemo')).subarray(0, 8),
  ])
  const name = utf8(`Noise_XX${secret === undefined ? '' : 'psk3'}_25519_ChaChaPoly_SHA256`)
  let hash: Buffer = name.length > 32 ? sha256(name) : Buffer.concat([name, Buffer.alloc(32 - name.length)])
  let chaining: Buffer = hash
  let key: Buffer | undefined
  let counter = 0
  const mixHash = (data: Uint8Array) => (hash = sha256(hash, data))
  const mixKey = (material: Uint8Array) => {
    const [next, newKey] = derive(chaining, material)
    chaining = next
    key = newKey
    counter = 0
  }
  const say = (plaintext: Uint8Array) => {
    const said = key === undefined ? Buffer.from(plaintext) : sealed(key, counter++, hash, plaintext)
    mixHash(said)
    return said
  }
  const sayEphemeral = (end: typeof dialler) => {
    const said = publicBytes(end.ephemeral)
    mixHash(said)
    if (secret !== undefined) mixKey(said)
    return said
  }
  mixHash(Buffer.concat([hints, utf8('demo')]))

  const first = Buffer.concat([sayEphemeral(dialler), say(noBytes)])
  const second = [sayEphemeral(listener)]
  mixKey(agree(dialler.ephemeral, listener.ephemeral))
  second.push(say(publicBytes(listener.static)))
  mixKey(agree(dialler.ephemeral, listener.static))
  second.push(say(proof(listener, 'welcome')))
  const third = [say(publicBytes(dialler.static))]
  mixKey(agree(dialler.static, listener.ephemeral))
  if (secret !== undefined) {
    const [next, mixed, newKey] = derive(chaining, secret)
    chaining = next
    mixHash(mixed)
    key = newKey
    counter = 0
  }
  third.push(say(proof(dialler, 'hello')))
  const [there, back] = derive(chaining, noBytes)
  return {
    opening: framed(1, Buffer.concat([hints, first])),
    answer: framed(2, Buffer.concat(second)),
    proof: framed(3, Buffer.concat(third)),
    accepted: prefixed(sealed(back, 0, noBytes, noBytes)),
    ping: prefixed(sealed(there, 0, noBytes, utf8('ping'))),
    pong: prefixed(sealed(back, 1, noBytes, utf8('pong'))),
    diallersEnd: prefixed(sealed(there, 1, noBytes, noBytes)),
    listenersEnd: prefixed(sealed(back, 2, noBytes, noBytes)),
  }
}

const secretBytes = new Uint8Array(32).fill(0x33)

describe.each(builds)('the bytes on the wire by %s', (_name, _primitives, createNoise) => {
  const noise = (role: 'dialler' | 'listener', secret: Uint8Array | undefined) => {
    const keys = node(fills[role])
    let drawn = 0
    const random = {
      next: () => 0,
      fill: (target: Uint8Array) => target.fill(drawn++ === 0 ? fills[role].static : fills[role].ephemeral),
    }
    const identity = {
      publicKey: Uint8Array.from(publicBytes(keys.identity)),
      sign: (message: Uint8Array) => Uint8Array.from(sign(null, message, keys.identity)),
    }
    return createNoise({ identity, network: 'demo', random, ...(secret === undefined ? {} : { secret }) })
  }

  it.each([
    ['without a secret', undefined],
    ['with a secret', secretBytes],
  ])('are those of PROTOCOL.md, %s', async (_what, secret) => {
    const ends = await between(memoryPair)
    const [outbound, inbound] = await Promise.all([
      noise('dialler', secret).secure(ends.outbound, { hello: utf8('hello') }),
      noise('listener', secret).secure(ends.inbound, { hello: utf8('welcome') }),
    ])
    const ponged = new Promise<void>(resolve => outbound.onData(() => resolve()))
    inbound.onData(() => inbound.write(utf8('pong')))
    outbound.write(utf8('ping'))
    await ponged
    await Promise.all([outbound.close(), inbound.closed])
    const said = model(secret)
    const hex = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString('hex')
    expect(hex([Uint8Array.from(ends.passed.there)])).toBe(
      hex([said.opening, said.proof, said.ping, said.diallersEnd]),
    )
    expect(hex([Uint8Array.from(ends.passed.back)])).toBe(
      hex([said.answer, said.accepted, said.pong, said.listenersEnd]),
    )
  })
})

describe('PROTOCOL.md', () => {
  it('has the vectors that follow from its words', () => {
    const page = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8').replaceAll(/\s/gu, '')
    for (const secret of [undefined, secretBytes]) {
      for (const [name, part] of Object.entries(model(secret))) {
        expect(page, `${name}: ${part.toString('hex')}`).toContain(part.toString('hex'))
      }
    }
    expect(page).toContain(framed(15, bytes(1, 1)).toString('hex'))
  })
})
