import { P2PError } from '@p2p/interfaces'
import { createMesh, type Mesh, plaintext } from '@p2p/mesh'
import { Kind, headerLength } from '@p2p/mesh/internals'
import { SeededRandom, VirtualClock } from '@p2p/simulation'
import { createMemoryNetwork } from '@p2p/transport/memory'
import { concat, expect, expectEqual, mistakeIn } from '../bytes.ts'
import { mutate } from '../mutate.ts'
import type { Subject, Target, Verdict } from '../target.ts'

/** The network that the corpus' HELLOs name. */
export const network = 'fuzz'

/** A payload behind its length, as the stream of a link has it. */
export const framed = (payload: Uint8Array): Uint8Array => {
  const frame = Buffer.alloc(4 + payload.length)
  frame.writeUInt32BE(payload.length)
  frame.set(payload, 4)
  return frame
}

/** The payloads of a stream of the corpus, as far as it goes. */
const payloadsOf = (stream: Uint8Array): Uint8Array[] => {
  const view = Buffer.from(stream)
  const payloads: Uint8Array[] = []
  for (let at = 0; at + 4 <= view.length;) {
    const end = at + 4 + view.readUInt32BE(at)
    payloads.push(stream.slice(at + 4, end))
    at = end
  }
  return payloads
}

/** The two HELLOs of a dialler, and then messages that are damaged, invented or right; sometimes a length lies as well. */
const conversation = (random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array => {
  const samples = corpus.flatMap(payloadsOf)
  const kinds = Object.values(Kind)
  const opening = payloadsOf(random.pick(corpus)).slice(0, 2)
  const parts = random.chance(0.95) ? opening.map(framed) : []
  for (let count = 1 + random.integer(6); count > 0; count--) {
    const payload = random.chance(0.3) ? random.pick(samples) : mutate(samples, random)
    if (payload.length >= headerLength && random.chance(0.3)) payload[1] = random.pick(kinds)
    parts.push(random.chance(0.02) ? payload : framed(payload))
  }
  return concat(parts)
}

// TypeScript does not see that a callback changes it
const isSo = (value: boolean): boolean => value

/** Inputs between two questions of the honest neighbour, each of which lets a second pass. */
const round = 64

/** A node, an honest neighbour of it, and somebody who dials it with whatever comes to his mind. */
class Attacked implements Subject {
  readonly #clock = new VirtualClock()
  readonly #transport = createMemoryNetwork({ clock: this.#clock }).transport()
  readonly #errors: unknown[] = []
  readonly #nodes: Mesh[] = []
  readonly #signed: boolean
  #inputs = 0
  #lost = 0

  constructor(signed: boolean) {
    this.#signed = signed
  }

  async open(): Promise<this> {
    const [victim, honest] = [await this.#node('victim'), await this.#node('honest')]
    victim.handle('/echo', ({ body }) => body)
    victim.on('refused', (_, error) => void this.#errors.push(error))
    victim.on('peer:disconnect', ({ id }, error) => {
      if (id === honest.id) this.#lost++
      if (error !== undefined) this.#errors.push(error)
    })
    victim.on('error', error => void this.#errors.push(error))
    await this.#run(honest.connect('memory://victim'))
    return this
  }

  async check(input: Uint8Array): Promise<Verdict> {
    const connection = await this.#run(this.#transport.dial('memory://victim'))
    let open = true
    void connection.closed.then(() => (open = false))
    connection.onData(() => undefined)
    connection.write(input.slice())
    await this.#clock.advance(1)
    const verdict = isSo(open) ? 'accepted' : 'refused'
    connection.abort()
    await this.#clock.advance(1)
    if (++this.#inputs % round === 0) await this.#ask()
    for (const error of this.#errors.splice(0)) {
      if (!P2PError.is(error) || mistakeIn(error) !== undefined)
        throw new Error('a strange error', { cause: error })
    }
    expect(this.#lost === 0, 'the honest neighbour was lost')
    return verdict
  }

  async close(): Promise<void> {
    await this.#ask()
    await this.#run(Promise.all(this.#nodes.map(node => node.close())))
  }

  async #node(name: string): Promise<Mesh> {
    const mesh = await this.#run(
      createMesh({
        network,
        transports: [this.#transport],
        listen: [`memory://${name}`],
        clock: this.#clock,
        random: new SeededRandom(name),
        security: plaintext(),
        signed: this.#signed,
      }),
    )
    this.#nodes.push(mesh)
    return mesh
  }

  async #ask(): Promise<void> {
    const [victim, honest] = this.#nodes as [Mesh, Mesh]
    await this.#clock.advance(1000)
    expectEqual(
      await this.#run(honest.request(victim.id, '/echo', this.#inputs)),
      this.#inputs,
      'the node answers',
    )
    const { links, handshakes } = victim.stats()
    expect(links < 70 && handshakes < 70, `${links} links and ${handshakes} handshakes are left`)
  }

  /** Moves the clock until the promise is settled. */
  async #run<T>(promise: Promise<T>): Promise<T> {
    let settled = false
    const watched = promise.finally(() => (settled = true))
    watched.catch(() => undefined)
    await this.#clock.runUntil(() => settled)
    return watched
  }
}

export const meshLink: Target = {
  name: 'mesh-link',
  about: '@p2p/mesh: all that a peer writes on one connection, to a node with an honest neighbour',
  generate: conversation,
  open: () => new Attacked(false).open(),
}

export const signedMeshLink: Target = {
  name: 'mesh-signed-link',
  about: '@p2p/mesh: the same, where origins sign',
  generate: conversation,
  open: () => new Attacked(true).open(),
}
