/**
 * Ports of the router for this machine: NAT-PMP, and UPnP by the optional package `@achingbrain/nat-port-mapper`.
 *
 * @packageDocumentation
 */
export { decodeNatPmp, encodeNatPmp, type NatPmpAnswer, type NatPmpQuestion } from './core/nat-pmp/message.ts'
export { decodeSsdp, encodeSearch, type SsdpAnswer } from './core/ssdp/message.ts'
export { mapPort, type MapPortOptions, mapPortTimeout, type PortMapping } from './port-mapping/map-port.ts'
export type { MappingProtocol } from './port-mapping/router.ts'
export type { UpnpGateway, UpnpLibrary } from './port-mapping/upnp.ts'
