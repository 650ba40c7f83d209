import type { Codec } from '@p2p/interfaces'

/** Bytes as they are. Both directions copy, so that nobody changes what another one holds; a Buffer comes back as a `Uint8Array`. */
export const bytes = (): Codec<Uint8Array> => ({
  encode: value => {
    if (!(value instanceof Uint8Array))
      throw new TypeError(`bytes are a Uint8Array, not of type ${typeof value}`)
    return new Uint8Array(value)
  },
  decode: encoded => new Uint8Array(encoded),
})
