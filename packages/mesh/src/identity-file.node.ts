/**
 * A node's identity kept in a file. Node.js only.
 *
 * @packageDocumentation
 */
import { createPrivateKey } from 'node:crypto'
import { open, readFile, stat, unlink } from 'node:fs/promises'
import { Buffer } from 'node:buffer'
import { systemRandom } from '@p2p/interfaces/system'
import { MeshError } from './errors.ts'
import { type Identity, identityFromKey } from './identity.ts'

/** PKCS #8 of an Ed25519 key (RFC 8410) up to the 32 bytes of the key itself. */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')

/**
 * The identity in a file, which is created, readable for its owner only, if there is none. The file is a PKCS #8 private key in PEM, as
 * `openssl genpkey -algorithm ed25519` makes it.
 *
 * @throws `P2P_BAD_IDENTITY` if it cannot be read or written, is no regular file, is open to others, or holds no Ed25519 key; it is left as it is
 */
export const identityFromFile = async (path: string): Promise<Identity> => {
  if (path === '') throw new MeshError('P2P_BAD_IDENTITY', "the path of an identity's file is empty")
  try {
    const info = await stat(path)
    if (!info.isFile()) {
      throw new MeshError('P2P_BAD_IDENTITY', `${path} is no regular file: an identity needs one of its own`)
    }
    // Windows has no such bits and says 0o666
    if (process.platform !== 'win32' && (info.mode & 0o077) !== 0) {
      throw new MeshError(
        'P2P_BAD_IDENTITY',
        `${path} is open to others: chmod 600 it, or take another path and so a new identity`,
      )
    }
    return identityFromKey(parse(path, await readFile(path, 'utf8')))
  } catch (error) {
    if (error instanceof MeshError) throw error
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unusable(path, error)
  }
  return create(path)
}

const create = async (path: string): Promise<Identity> => {
  const secretKey = systemRandom.fill(new Uint8Array(32))
  const base64 = Buffer.concat([pkcs8Head, secretKey]).toString('base64')
  try {
    // wx: two processes that start at once must not end with two identities in one file
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(`-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----\n`)
      await file.sync()
    } catch (error) {
      await unlink(path)
      throw error
    } finally {
      await file.close()
    }
  } catch (error) {
    throw unusable(path, error)
  }
  return identityFromKey(secretKey)
}

const parse = (path: string, pem: string): Uint8Array => {
  let jwk: { crv?: string; d?: string }
  try {
    jwk = createPrivateKey(pem).export({ format: 'jwk' })
  } catch (cause) {
    const what = `${path} holds no private key in PEM (PKCS #8, not encrypted), as openssl genpkey -algorithm ed25519 makes it`
    throw new MeshError('P2P_BAD_IDENTITY', what, { cause })
  }
  if (jwk.crv !== 'Ed25519' || jwk.d === undefined) {
    throw new MeshError('P2P_BAD_IDENTITY', `${path} holds a key of another kind than Ed25519`)
  }
  return new Uint8Array(Buffer.from(jwk.d, 'base64url'))
}

const unusable = (path: string, cause: unknown): MeshError =>
  new MeshError('P2P_BAD_IDENTITY', `the identity in ${path} cannot be used: ${(cause as Error).message}`, {
    cause,
  })
