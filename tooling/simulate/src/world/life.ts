import type { PeerId } from '@p2p/interfaces'
import type { Mesh } from '@p2p/mesh'
import type { Machine } from '@p2p/simulation'
import type { Resources } from './resources.ts'

/** What a machine stores. */
export type Store = Map<string, unknown>

/** A node from one start of its host to the next stop. */
export interface Life {
  /** The host's name. */
  readonly host: string
  /** 0 for the host's first, one more for each restart. */
  readonly number: number
  readonly machine: Machine<Store>
  readonly resources: Resources
  readonly mesh: Mesh
  /** What is to be ended before the mesh is. */
  readonly closers: (() => Promise<void>)[]
  /** When it began, in virtual milliseconds. */
  readonly born: number
  /** When it ended. */
  died: number | undefined
  /** Since when it takes part for certain: see `World`. */
  memberSince: number | undefined
  /** How often it was seen with a neighbour of both ends' choice, one time after another. */
  company: number
  /** The neighbours that it lost: when, and whom. */
  readonly lost: { readonly at: number; readonly id: PeerId; readonly reason: Error | undefined }[]
}
