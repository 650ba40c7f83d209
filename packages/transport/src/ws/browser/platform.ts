/** What of an event of a WebSocket is used. */
export interface PlatformEvent {
  /** Of a message. */
  readonly data?: unknown
  /** Of a close. */
  readonly code?: number
}

/** What of a platform's WebSocket is used (WHATWG WebSockets). */
export interface PlatformWebSocket {
  binaryType: string
  readonly bufferedAmount: number
  readonly readyState: number
  send(data: Uint8Array<ArrayBuffer>): void
  close(code?: number): void
  addEventListener(
    type: 'open' | 'message' | 'error' | 'close',
    listener: (event: PlatformEvent) => void,
  ): void
  removeEventListener(
    type: 'open' | 'message' | 'error' | 'close',
    listener: (event: PlatformEvent) => void,
  ): void
}

/** The class of a platform's WebSockets. */
export type PlatformWebSocketClass = new (url: string) => PlatformWebSocket
