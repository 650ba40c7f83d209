/**
 * What the demo's parent and its processes say to each other over the IPC channel: commands, their replies, and reports. The files' index never
 * travels here on its way from process to process; it is listed once, at the end, to be checked.
 *
 * @packageDocumentation
 */
import type { Address, PeerId } from '@p2p/interfaces'
import type { Share } from '../folder/share.ts'
import type { Unreadable } from '../folder/walk.ts'

/** What a process can be asked to do, and its reply. */
export interface Commands {
  /** Become a node of the network: its seed, if no seeds are given. `size` is how many entries it holds when it has caught up. It goes on to join the table. */
  join: {
    command: {
      readonly network: string
      readonly secret: string
      /** Nodes that are there already: one of them must answer. */
      readonly seeds: readonly Address[]
      /** The file with who it is; `undefined`: somebody new. */
      readonly identity: string | undefined
      /** Milliseconds between two rounds in which the table's ring is looked after. */
      readonly interval: number
      /** Milliseconds between two reports of its figures; `undefined`: none. */
      readonly figuresEvery: number | undefined
    }
    reply: {
      readonly id: PeerId
      readonly address: Address
      readonly size: number
      readonly milliseconds: number
    }
  }
  /** Try to become a node without knowing the secret: with one of its own making. */
  intrude: {
    command: { readonly network: string; readonly address: Address }
    reply: IntrudeReply
  }
  /** Read a share of the folder's files and put them into the dictionary. */
  publish: { command: { readonly folder: string; readonly share: Share }; reply: PublishReply }
  /** Put the contents of a share of the folder's files into the table, so many bytes at most. Those of the file `except` are for nobody's eyes. */
  store: {
    command: {
      readonly folder: string
      readonly share: Share
      readonly budget: number
      readonly except: string | undefined
    }
    reply: { readonly paths: readonly string[]; readonly bytes: number }
  }
  /** Wait until the table's ring has so many members, and this node holds all that it is to hold and its copies do, too. */
  secure: { command: { readonly members: number }; reply: { readonly milliseconds: number } }
  /** Read the contents of these files from the table over and over, gently, until `patrolled`. */
  patrol: { command: { readonly paths: readonly string[] }; reply: object }
  /** Stop that. `failed` says what went wrong with some of them. */
  patrolled: { command: object; reply: { readonly reads: number; readonly failed: readonly string[] } }
  /** Read contents back from the table. @returns those that are not there or are not what they should be */
  recall: {
    command: { readonly hashes: readonly string[] }
    reply: { readonly missing: readonly string[] }
  }
  /** Hand on what it holds of the table, in order. `left`: entries that it could not hand on in time; there are copies of them. */
  leave: { command: object; reply: { readonly milliseconds: number; readonly left: number } }
  /** Wait until a node is no neighbour, and say when that was, if not before `since`. Both are in milliseconds since 1970. */
  miss: {
    command: { readonly peer: PeerId; readonly since: number }
    reply: { readonly noticed: number | undefined }
  }
  /** Wait until the dictionary has this size, as long as it moves at least every `patience` milliseconds. */
  settle: { command: { readonly size: number; readonly patience: number }; reply: { readonly size: number } }
  /** Try to change a key that is leased to another node. */
  challenge: { command: { readonly path: string }; reply: ChallengeReply }
  /** Change entries of its own again and again, until `calm`. The dice are drawn from `seed`. */
  churn: { command: { readonly seed: string }; reply: object }
  /** Change nothing any more, and tell how often it did. What was changed stays as it is until `publish`. */
  calm: { command: object; reply: { readonly changes: number } }
  /** Text that is the same at nodes that hold the same. */
  fingerprint: { command: object; reply: { readonly fingerprint: string } }
  /** List the complete index. */
  index: { command: object; reply: { readonly entries: readonly (readonly [string, unknown])[] } }
  /** Leave the network and end. */
  stop: { command: object; reply: object }
}

export interface IntrudeReply {
  /** `undefined`: it got in, which it must not. */
  readonly refusal: { readonly code: string; readonly text: string } | undefined
}

export interface PublishReply {
  readonly files: number
  readonly bytes: number
  readonly unreadable: readonly Unreadable[]
  /** Neighbours that have acknowledged all of it. */
  readonly acknowledged: number
  /** One of the files, if there is any. */
  readonly example: string | undefined
}

export interface ChallengeReply {
  /** `undefined`: the change was accepted, which it must not be. */
  readonly refusal: { readonly code: string; readonly owner: PeerId; readonly expires: number } | undefined
  /** Whether the key has the same value after the attempt as before. */
  readonly unchanged: boolean
}

/** What is done with files: read from the disk, put into the table, read back from there. */
export type Work = 'read' | 'stored' | 'recalled'

/** What a node tells of itself, for those who look on. */
export interface Figures {
  readonly links: number
  /** Keys that have a value. */
  readonly keys: number
  /** Broadcasts that it has sent to neighbours since it started, its own and those of others. */
  readonly messages: number
}

export type CommandName = keyof Commands

/** From the parent to a process. */
export type ToProcess = {
  [Name in CommandName]: {
    readonly id: number
    readonly name: Name
    readonly command: Commands[Name]['command']
  }
}[CommandName]

/** From a process to the parent. */
export type FromProcess =
  | { readonly type: 'reply'; readonly id: number; readonly reply: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly message: string }
  /** Files and bytes since the last report. */
  | { readonly type: 'progress'; readonly work: Work; readonly files: number; readonly bytes: number }
  | { readonly type: 'figures'; readonly figures: Figures }
  /** Somebody was turned away. */
  | { readonly type: 'refused'; readonly code: string; readonly text: string }
  /** Something went wrong that no command waits for. */
  | { readonly type: 'trouble'; readonly message: string }
