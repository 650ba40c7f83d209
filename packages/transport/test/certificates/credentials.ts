import { readFileSync } from 'node:fs'

const read = (file: string) => readFileSync(new URL(file, import.meta.url))

/** A certificate of this folder (see make.sh) and its key. */
export const certificate = (name: string): Uint8Array => read(`${name}.crt`)

/** The options for a certificate of this folder with its key. */
export const credentials = (name: string): { readonly cert: Uint8Array; readonly key: Uint8Array } => ({
  cert: certificate(name),
  key: read(`${name}.key`),
})
