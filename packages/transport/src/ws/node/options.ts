import type { TcpOptions } from '../../tcp/options.ts'
import type { Credentials } from '../../tls/options.ts'
import type { WsLimits } from '../limits.ts'

/** Options of `ws()`. */
export interface WsOptions extends TcpOptions, Partial<WsLimits> {}

/** Options of `wss()`. */
export interface WssOptions extends WsOptions, Credentials {}
