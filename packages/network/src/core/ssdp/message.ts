import { NetworkError } from '../../errors.ts'

/** Where routers listen (UPnP Device Architecture 1.1, 1.3.2). */
export const ssdpPort = 1_900
export const ssdpGroup = '239.255.255.250'

/** What a router calls itself: the version that is common, and the one that grants what is asked for. */
export const gatewayDevices: readonly string[] = [2, 1].map(
  version => `urn:schemas-upnp-org:device:InternetGatewayDevice:${version}`,
)

/** Bytes of an answer; real ones have some 400. */
const maxAnswer = 2_048

/** A question for devices of a kind (1.3.2). */
export const encodeSearch = (target: string): Uint8Array =>
  new TextEncoder().encode(
    [
      'M-SEARCH * HTTP/1.1',
      `HOST: ${ssdpGroup}:${ssdpPort}`,
      'MAN: "ssdp:discover"',
      'MX: 1',
      `ST: ${target}`,
      '',
      '',
    ].join('\r\n'),
  )

/** What a device says of itself. */
export interface SsdpAnswer {
  /** The kind of device. */
  readonly target: string
  /** Where it is described. */
  readonly location: URL
}

/**
 * An answer to a question for devices (1.3.3), of which only what is needed is read.
 *
 * @throws NetworkError `P2P_PROTOCOL_ERROR`
 */
export const decodeSsdp = (bytes: Uint8Array): SsdpAnswer => {
  const bad = (why: string) => new NetworkError('P2P_PROTOCOL_ERROR', `not an answer of SSDP: ${why}`)
  if (bytes.length > maxAnswer) throw bad(`${bytes.length} bytes`)
  const [status = '', ...lines] = new TextDecoder('latin1').decode(bytes).split('\r\n')
  if (!/^HTTP\/1\.[01] 200(?: |$)/.test(status)) throw bad('no HTTP status 200')
  const headers = new Map<string, string>()
  for (const line of lines) {
    if (line === '') break
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase()
    // The first counts: what is said twice is said by two
    if (name !== '' && !headers.has(name)) headers.set(name, line.slice(colon + 1).trim())
  }
  const target = headers.get('st')
  const place = headers.get('location')
  if (target === undefined || place === undefined) throw bad('it names no device, or no place')
  // What is above ASCII is a host in one version of Node.js and none in another
  const location = /^[!-~]+$/.test(place) && URL.canParse(place) ? new URL(place) : undefined
  if (location?.protocol !== 'http:') throw bad('its place is no URL of HTTP')
  return { target, location }
}
