import { type Protocol, protocols } from '../src/protocol.ts'

export const protocolOf = (name: string): Protocol => {
  const found = protocols.find(protocol => protocol.name === name)
  if (found === undefined) throw new Error(`no protocol ${name}`)
  return found
}

/** What did not hold with a seed, if anything. */
export const failureOf = async (protocol: Protocol, seed: number): Promise<string | undefined> => {
  try {
    await protocol.run({ seed })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
