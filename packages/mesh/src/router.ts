import type { Clock, Contact, PeerId, WaitOptions } from '@p2p/interfaces'
import { MeshError } from './errors.ts'
import type { Finder } from './finder.ts'
import { times } from './limits.ts'
import type { LinkManager } from './link/link-manager.ts'
import type { Peer } from './link/peer.ts'
import type { Overlay } from './overlay.ts'
import { isPeerId } from './wire/ids.ts'

/** What routing needs of its node. */
export interface RouterSettings {
  readonly self: PeerId
  readonly clock: Clock
  readonly links: LinkManager
  readonly overlay: Overlay
  readonly finder: Finder
}

/** A way to any node of the network: the link that there is, else a link made to where it was last known, else to where it says it is. */
export class Router {
  readonly #settings: RouterSettings

  constructor(settings: RouterSettings) {
    this.#settings = settings
  }

  /** @throws `P2P_PEER_UNREACHABLE`, `P2P_BAD_OPTION`, `P2P_TIMEOUT`, `P2P_ABORTED` */
  async reach(to: Contact | PeerId, options: WaitOptions): Promise<Peer> {
    const { self, clock, links, overlay } = this.#settings
    const id = checkId(typeof to === 'string' ? to : to.id)
    const there = links.peers.get(id)
    if (there !== undefined) return there
    if (id === self) throw new MeshError('P2P_PEER_UNREACHABLE', 'a node does not talk to itself')
    const deadline = clock.monotonic() + (options.timeout ?? times.answer)
    const addresses = new Set(typeof to === 'string' ? [] : to.addresses)
    for (const address of overlay.contactOf(id)?.addresses ?? []) addresses.add(address)
    const alone = () => overlay.neighbours.size === 0
    if (addresses.size > 0) {
      try {
        return await links.reach({ id, addresses: Array.from(addresses) }, options)
      } catch (error) {
        // It may have moved, and the network may know where to
        if (!MeshError.is(error, 'P2P_PEER_UNREACHABLE') || alone()) throw error
      }
    }
    if (alone()) {
      throw new MeshError(
        'P2P_PEER_UNREACHABLE',
        `no way to ${id} is known, and there is no neighbour to ask`,
      )
    }
    return this.#search(id, deadline, options)
  }

  async #search(id: PeerId, deadline: number, options: WaitOptions): Promise<Peer> {
    const { clock, links, finder } = this.#settings
    const left = () => Math.max(deadline - clock.monotonic(), 0)
    try {
      const contact = await finder.find(id, { ...options, timeout: left() })
      return links.peers.get(id) ?? (await links.reach(contact, { ...options, timeout: left() }))
    } catch (error) {
      if (!MeshError.is(error, 'P2P_PEER_NOT_FOUND')) throw error
      throw new MeshError('P2P_PEER_UNREACHABLE', `no way to ${id} was found`, { cause: error })
    }
  }
}

/** @throws `P2P_BAD_OPTION` */
export const checkId = (id: PeerId): PeerId => {
  if (!isPeerId(id)) throw new MeshError('P2P_BAD_OPTION', `not the id of a node: ${id}`)
  return id
}
