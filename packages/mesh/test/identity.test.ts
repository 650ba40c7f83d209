import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPublicKey, verify } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { identityFromFile } from '../src/identity-file.node.ts'
import { createIdentity, identityFromKey, idOf } from '../src/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'p2p-identity-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('an identity', () => {
  it('is the same for the same key and another for another', () => {
    const key = new Uint8Array(32).fill(1)
    const identity = identityFromKey(key)
    key.fill(2)
    expect(identity.id).toBe(identityFromKey(new Uint8Array(32).fill(1)).id)
    expect(identity.id).not.toBe(identityFromKey(key).id)
    expect(identity.id).toBe(idOf(identity.publicKey))
    expect(createIdentity().id).not.toBe(createIdentity().id)
  })

  it('signs so that others can check it', () => {
    const identity = createIdentity()
    const { publicKey } = identity
    const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey])
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    const message = Buffer.from('signed')
    expect(verify(null, message, key, identity.sign(message))).toBe(true)
  })

  it('refuses a key of another length', () => {
    expect(() => identityFromKey(new Uint8Array(31))).toThrow(
      expect.objectContaining({ code: 'P2P_BAD_IDENTITY' }),
    )
  })

  it('in a file is made once, for its owner only, and found again', async () => {
    const path = join(folder, 'new.pem')
    const made = await identityFromFile(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await identityFromFile(path)).id).toBe(made.id)
  })

  it('in a file of openssl is taken', async () => {
    const path = join(folder, 'openssl.pem')
    const pem = execFileSync(process.execPath, [
      '-e',
      "process.stdout.write(require('crypto').generateKeyPairSync('ed25519').privateKey.export({type:'pkcs8',format:'pem'}))",
    ])
    writeFileSync(path, pem, { mode: 0o600 })
    expect((await identityFromFile(path)).publicKey).toHaveLength(32)
  })

  it.each([
    ['that others can read', 'open.pem', 0o644, undefined],
    ['that is no key', 'text.pem', 0o600, 'hello'],
    ['with a key of another kind', 'rsa.pem', 0o600, 'rsa'],
  ])('in a file %s is refused, and the file left as it is', async (_, name, mode, content) => {
    const path = join(folder, name)
    if (content === undefined) await identityFromFile(path)
    else {
      const script =
        "process.stdout.write(require('crypto').generateKeyPairSync('ec',{namedCurve:'P-256'}).privateKey.export({type:'pkcs8',format:'pem'}))"
      writeFileSync(path, content === 'rsa' ? execFileSync(process.execPath, ['-e', script]) : content)
    }
    chmodSync(path, mode)
    const before = readFileSync(path, 'utf8')
    await expect(identityFromFile(path)).rejects.toMatchObject({ code: 'P2P_BAD_IDENTITY' })
    expect(readFileSync(path, 'utf8')).toBe(before)
  })

  it.skipIf(process.platform === 'win32').each(['640', '620', '610', '604', '602', '601'])(
    'in a file of mode %s is refused, for it is open to others',
    async mode => {
      const path = join(folder, `mode-${mode}.pem`)
      await identityFromFile(path)
      chmodSync(path, Number.parseInt(mode, 8))
      await expect(identityFromFile(path)).rejects.toMatchObject({
        code: 'P2P_BAD_IDENTITY',
        message: expect.stringContaining('chmod 600') as string,
      })
    },
  )

  it('in a new file that several take at once is one identity, and the file is not written twice', async () => {
    for (let round = 0; round < 10; round++) {
      const path = join(folder, `race-${round}.pem`)
      const ends = await Promise.allSettled(Array.from({ length: 4 }, () => identityFromFile(path)))
      const ids = ends.flatMap(end => (end.status === 'fulfilled' ? [end.value.id] : []))
      expect(new Set(ids)).toEqual(new Set([(await identityFromFile(path)).id]))
      for (const end of ends) {
        if (end.status === 'rejected') expect(end.reason).toMatchObject({ code: 'P2P_BAD_IDENTITY' })
      }
    }
  })

  it.each([
    ['nothing', ''],
    ['garbage', '\0\u0001garbage'],
    ['a public key', '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n'],
  ])('in a file that holds %s is refused, and told what the file must be', async (what, content) => {
    const path = join(folder, `${what}.pem`)
    writeFileSync(path, content, { mode: 0o600 })
    await expect(identityFromFile(path)).rejects.toMatchObject({
      code: 'P2P_BAD_IDENTITY',
      message: expect.stringMatching(
        /holds no private key in PEM .*openssl genpkey -algorithm ed25519/,
      ) as string,
    })
    expect(readFileSync(path, 'utf8')).toBe(content)
  })

  it.skipIf(process.platform === 'win32')(
    'in what is no regular file is refused, without the advice to change its mode',
    async () => {
      const inner = join(folder, 'folder.pem')
      mkdirSync(inner)
      for (const path of [inner, '/dev/null', '']) {
        const error = await identityFromFile(path).catch((failure: unknown) => failure as Error)
        expect(error).toMatchObject({ code: 'P2P_BAD_IDENTITY' })
        expect((error as Error).message).toMatch(/no regular file|is empty/)
        expect((error as Error).message).not.toContain('chmod')
      }
    },
  )

  it('in a folder that is not there is refused', async () => {
    await expect(identityFromFile(join(folder, 'none', 'x.pem'))).rejects.toMatchObject({
      code: 'P2P_BAD_IDENTITY',
    })
  })
})
