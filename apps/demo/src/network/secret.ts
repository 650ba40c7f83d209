import { InvalidArgumentError, Option } from 'commander'

/** The option of both programs. In the environment other users of the machine do not see it, as they do on a command line. */
export const secretOption = (about: string): Option =>
  new Option('--secret <text>', about).env('P2P_SECRET').argParser((text: string) => {
    if (text === '') throw new InvalidArgumentError('It must not be empty.')
    return text
  })

/** Where a secret is written as 64 hexadecimal digits it is these 32 bytes, which need no stretching; any other text is itself. */
export const secretOf = (text: string): string | Uint8Array =>
  /^[0-9a-f]{64}$/iu.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : text
