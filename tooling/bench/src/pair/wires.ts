import type { Wire } from './port.ts'

/** All ways to exchange messages, loaded by who uses them. */
export const wires = {
  tcp: async (): Promise<Wire> => (await import('../wires/ours.ts')).oursOverTcp,
  noise: async (): Promise<Wire> => (await import('../wires/noise.ts')).oursOverNoise,
  tls: async (): Promise<Wire> => (await import('../wires/ours.ts')).oursOverTls,
  ws: async (): Promise<Wire> => (await import('../wires/ours.ts')).oursOverWs,
  pipe: async (): Promise<Wire> => (await import('../wires/pipe.ts')).pipeOverTcp,
  'raw tcp': async (): Promise<Wire> => (await import('../wires/raw.ts')).rawTcp,
  'raw tls': async (): Promise<Wire> => (await import('../wires/raw.ts')).rawTls,
  'framed tls': async (): Promise<Wire> => (await import('../wires/framed-tls.ts')).framedTls,
  'raw tls on a socket': async (): Promise<Wire> => (await import('../wires/raw.ts')).rawTlsOnSocket,
  'socket.write': async (): Promise<Wire> => (await import('../wires/socket-write.ts')).socketWrite,
  'ws package': async (): Promise<Wire> => (await import('../wires/ws-package.ts')).wsPackage,
  'libp2p, plaintext': async (): Promise<Wire> => (await import('../wires/libp2p.ts')).libp2pPlaintext,
  'libp2p, noise': async (): Promise<Wire> => (await import('../wires/libp2p.ts')).libp2pNoise,
  'secret-stream and protomux': async (): Promise<Wire> =>
    (await import('../wires/secret-stream.ts')).secretStream,
  zeromq: async (): Promise<Wire> => (await import('../wires/zeromq.ts')).zeromq,
  nats: async (): Promise<Wire> => (await import('../wires/nats.ts')).nats,
} as const

export type WireName = keyof typeof wires
