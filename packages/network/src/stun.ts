/**
 * STUN: messages of RFC 8489, 5780 and 3489.
 *
 * @packageDocumentation
 */
export { decodeStun } from './core/stun/decode.ts'
export { encodeStun, type StunDraft, verifyIntegrity } from './core/stun/encode.ts'
export {
  binding,
  type StunAttributes,
  type StunKind,
  stunLimits,
  type StunMessage,
} from './core/stun/message.ts'
export {
  requestTimeout,
  type Retransmission,
  StunAgent,
  type StunAnswer,
  type Transaction,
} from './stun/agent.ts'
