import type { Target } from '../target.ts'
import { addresses } from './addresses.ts'
import { codecs } from './codecs.ts'
import { framings } from './framings.ts'
import { meshLink, signedMeshLink } from './mesh-link.ts'
import { meshWire } from './mesh-wire.ts'
import { network } from './network.ts'
import { noise } from './noise.ts'
import { sync } from './sync.ts'

/** Every decoder that takes what a peer sends. */
export const targets: readonly Target[] = [
  ...framings,
  ...codecs,
  ...addresses,
  ...meshWire,
  meshLink,
  signedMeshLink,
  ...noise,
  ...network,
  ...sync,
]
