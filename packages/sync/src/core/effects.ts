import type { P2PError } from '@p2p/interfaces'
import type { Key, Value, Write } from '@p2p/replica'
import type { KeyId } from './key.ts'

/** What the shell is to do: tell the application. */
export type Effect =
  | {
      readonly type: 'update'
      readonly id: KeyId
      readonly key: Key
      readonly value: Value
      readonly write: Write
    }
  | { readonly type: 'delete'; readonly id: KeyId; readonly key: Key; readonly write: Write }
  | {
      readonly type: 'conflict'
      readonly id: KeyId
      readonly key: Key
      readonly lost: Value | undefined
      readonly value: Value | undefined
      readonly write: Write
    }
  | { readonly type: 'error'; readonly error: P2PError }
