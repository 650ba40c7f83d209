import { type Hash, hashLength } from '@p2p/replica'

/** Hashes one after the other, 16 bytes each. */
export const packHashes = (hashes: Iterable<Hash>): Uint8Array => {
  const digits = [...hashes].join('')
  const bytes = new Uint8Array(digits.length / 2)
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = parseInt(digits.slice(index * 2, index * 2 + 2), 16)
  }
  return bytes
}

/** The other way. The length is a multiple of 16. */
export const unpackHashes = (bytes: Uint8Array): Hash[] => {
  const hashes: Hash[] = []
  for (let offset = 0; offset < bytes.length; offset += hashLength) {
    let hash = ''
    for (const byte of bytes.subarray(offset, offset + hashLength)) hash += byte.toString(16).padStart(2, '0')
    hashes.push(hash)
  }
  return hashes
}
