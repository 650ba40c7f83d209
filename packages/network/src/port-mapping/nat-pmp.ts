import type { WaitOptions } from '@p2p/interfaces'
import { wait } from '@p2p/interfaces/wait'
import { type Endpoint, sameEndpoint, toEndpoint } from '../core/endpoint.ts'
import {
  decodeNatPmp,
  encodeNatPmp,
  type NatPmpAnswer,
  natPmpPort,
  type NatPmpQuestion,
} from '../core/nat-pmp/message.ts'
import { NetworkError } from '../errors.ts'
import type { Means, Router, Wanted } from './router.ts'

/** Milliseconds until a question is asked again; it doubles each time (RFC 6886, 3.1). */
const firstPause = 250

/** Asks a router, and again until it answers. Only an answer of the router to this very question counts. */
const ask = async (
  means: Means,
  router: Endpoint,
  question: NatPmpQuestion,
  options: WaitOptions,
): Promise<NatPmpAnswer> => {
  const { clock, sockets, host } = means
  const socket = await sockets.udp({ ...host, port: 0 })
  try {
    const what = `an answer of the router ${router.address}`
    return await wait({ ...options, clock, what }, waiter => {
      let timer: Disposable | undefined
      const send = (pause: number) => {
        socket.send(encodeNatPmp(question), router).catch(waiter.reject)
        timer = clock.after(pause, () => send(pause * 2))
      }
      const listening = socket.onMessage((bytes, from) => {
        if (!sameEndpoint(from, router)) return
        try {
          const answer = decodeNatPmp(bytes)
          if (answer.type === 'address' || question.type === 'address') {
            if (answer.type === question.type) waiter.resolve(answer)
          } else if (answer.type === question.type && answer.internalPort === question.internalPort)
            waiter.resolve(answer)
        } catch (error) {
          // A refusal is an answer; what cannot be read is none
          if (NetworkError.is(error, 'P2P_MAPPING_REFUSED')) waiter.reject(error)
        }
      })
      send(firstPause)
      return () => {
        timer?.[Symbol.dispose]()
        listening[Symbol.dispose]()
      }
    })
  } finally {
    await socket.close()
  }
}

/**
 * NAT-PMP (RFC 6886). Our own, because the library's accepts answers from anybody, does not ask twice, and throws out of reach of its caller at a
 * packet that is too short.
 */
export const natPmp = async (means: Means, gateway: string, options: WaitOptions): Promise<Router> => {
  const router = toEndpoint(gateway, natPmpPort)
  const found = await ask(means, router, { type: 'address' }, options)
  if (found.type !== 'address') throw new NetworkError('P2P_NO_GATEWAY', 'the router has no address')
  const { address } = found
  const map = (wanted: Wanted, lifetime: number, externalPort: number, how: WaitOptions) => {
    const { transport: type, internal } = wanted
    const seconds = Math.ceil(lifetime / 1_000)
    return ask(means, router, { type, internalPort: internal.port, externalPort, lifetime: seconds }, how)
  }
  return {
    protocol: 'nat-pmp',
    name: gateway,
    map: async (wanted, how) => {
      const answer = await map(wanted, wanted.lifetime, wanted.externalPort, how)
      if (answer.type === 'address' || answer.externalPort === 0)
        throw new NetworkError('P2P_MAPPING_REFUSED', 'the router names no port')
      return { external: toEndpoint(address, answer.externalPort), lifetime: answer.lifetime * 1_000 }
    },
    unmap: async (wanted, how) => {
      await map(wanted, 0, 0, how)
    },
    close: () => Promise.resolve(),
  }
}
