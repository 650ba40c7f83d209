/**
 * Messages over any transport, for Node.js: pipes that are pushed, pulled and subscribed to, servers, and daemons. TCP, TLS, UDP, WebSocket, Unix sockets; IPv4 and
 * IPv6; one API for who dials and who listens.
 *
 * @packageDocumentation
 */
export { bridge, type BridgeEnd } from './pipe/bridge.ts'
export { fromConnection } from './pipe/connection-pipe.ts'
export type { Subscription } from './pipe/consumer.ts'
export type { Daemon, DialReport, ListenReport } from './pipe/daemon/daemon.ts'
export { group, type Group, type GroupOptions, type Member } from './pipe/daemon/group.ts'
export {
  type Candidate,
  daemonDefaults,
  type DaemonEvents,
  type DaemonLogger,
  type DaemonOptions,
  type Peer,
  type Refusal,
} from './pipe/daemon/options.ts'
export { createDaemon } from './pipe/daemon/pipe-daemon.ts'
export type { HostSource, Targets } from './pipe/daemon/targets.ts'
export { PipeError, type PipeErrorCode } from './pipe/errors.ts'
export { Message, type Overflow, queueLimits, type QueueOptions } from './pipe/message.ts'
export { messages, type MessagesOf, type Parsers } from './pipe/messages.ts'
export {
  type AnyTransport,
  bind,
  connect,
  type ConnectOptions,
  listen,
  type ListenOptions,
  type TransportOptions,
} from './pipe/open.ts'
export type { Pattern } from './pipe/pattern.ts'
export type { Pipe, PipeOptions } from './pipe/pipe.ts'
export { request, type RequestOptions } from './pipe/request.ts'
export { type PipeServer, type ServerEvents, serverLimits, type ServerOptions } from './pipe/server.ts'
export type { HandlerOptions, MessageSource, SourceEvents } from './pipe/source.ts'
export { type DuplexOptions, fromDuplex, toDuplex } from './pipe/streams.ts'
export type { DataOf, Typed, TypeHandler, TypeOf } from './pipe/type-table.ts'
