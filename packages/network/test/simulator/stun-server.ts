import { type Endpoint, toEndpoint } from '../../src/index.ts'
import { decodeStun, encodeStun } from '../../src/stun.ts'
import type { Sockets } from '../../src/nat.ts'

/** Options of {@link stunServer}. */
export interface StunServerOptions {
  /** Answers like a server of RFC 3489: plain addresses, CHANGED-ADDRESS. Default `false`. */
  readonly classic?: boolean
  /** Its two ports. Default 3478 and 3479. */
  readonly ports?: readonly [number, number]
  /** Answers from where it was asked, whatever was wished. Default `false`. */
  readonly stubborn?: boolean
}

/** A STUN server on a host with two addresses and two ports (RFC 5780), or with one address and no other to name. Over UDP and TCP. */
export const stunServer = async (
  host: { readonly addresses: readonly string[]; readonly sockets: Sockets },
  options: StunServerOptions = {},
): Promise<Endpoint> => {
  const ports = options.ports ?? [3_478, 3_479]
  const [port, otherPort] = ports
  const sockets = await Promise.all(
    host.addresses.flatMap(address => ports.map(each => host.sockets.udp(toEndpoint(address, each)))),
  )
  const [one, two] = host.addresses
  const other = ({ address, port: own }: Endpoint) => {
    const otherAddress = two === undefined ? undefined : address === one ? two : one
    return otherAddress === undefined ? undefined : toEndpoint(otherAddress, own === port ? otherPort : port)
  }
  for (const socket of sockets) {
    socket.onMessage((bytes, from) => {
      const { kind, transaction, attributes } = decodeStun(bytes)
      if (kind !== 'request') return
      const second = other(socket.local)
      const change = options.stubborn === true ? undefined : attributes.changeRequest
      const answerer = sockets.find(
        ({ local }) =>
          local.address === (change?.address === true ? second?.address : socket.local.address) &&
          local.port === (change?.port === true ? second?.port : socket.local.port),
      )
      const named =
        second === undefined
          ? {}
          : options.classic === true
            ? { changedAddress: second }
            : { otherAddress: second }
      const mapped = options.classic === true ? { mappedAddress: from } : { xorMappedAddress: from }
      const to = attributes.responsePort === undefined ? from : { ...from, port: attributes.responsePort }
      void answerer?.send(
        encodeStun({ kind: 'success', transaction, attributes: { ...mapped, ...named } }),
        to,
      )
    })
  }
  await host.sockets.listen(toEndpoint(one as string, port), socket => {
    socket.onData(bytes => {
      if (bytes === undefined) return
      const { transaction } = decodeStun(bytes)
      const attributes = { xorMappedAddress: socket.remote }
      socket.write(encodeStun({ kind: 'success', transaction, attributes }))
    })
  })
  return toEndpoint(one as string, port)
}
