import type { Greeting } from './greeting.ts'

/** All ways to greet, loaded by who uses them. */
export const greetings = {
  noise: async (): Promise<Greeting> => (await import('./noise.ts')).greetingByNoise,
  'TLS 1.3': async (): Promise<Greeting> => (await import('./tls.ts')).greetingByTls,
  'TLS 1.3, both proven': async (): Promise<Greeting> => (await import('./tls.ts')).greetingByMutualTls,
  'libp2p, noise': async (): Promise<Greeting> => (await import('./libp2p.ts')).greetingByLibp2p,
} as const

export type GreetingName = keyof typeof greetings
