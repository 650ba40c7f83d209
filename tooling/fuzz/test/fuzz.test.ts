import { lengthPrefixed } from '@p2p/framing'
import { type FrameDecoder, type Framing, P2PError } from '@p2p/interfaces'
import { Membership } from '@p2p/mesh/internals'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { unlessRefused } from '../src/bytes.ts'
import { fuzz } from '../src/command.ts'
import { samplesOf } from '../src/corpus.ts'
import type { Subject, Target, Verdict } from '../src/target.ts'
import { framing } from '../src/targets/framings.ts'
import { targets } from '../src/targets/index.ts'

/** Runs the command. @returns its exit code and what it printed */
const run = async (args: string, among?: readonly Target[]) => {
  const lines: string[] = []
  const code = await fuzz(args.split(' '), line => lines.push(line), among)
  return {
    code,
    lines,
    last: lines.at(-1),
    replay: /--input [\da-f]+|--seed \d+ --count \d+/.exec(lines.join('\n'))?.[0],
  }
}

type Receive = Membership['receive']

/** A decoder of two bytes, and what it does with those that begin with 7. */
const planted = (bug: (input: Uint8Array) => Verdict | Promise<Verdict>): Target => ({
  name: 'planted',
  about: 'a decoder with a bug',
  open: () => ({ check: input => (input[0] === 7 ? bug(input) : 'refused') }),
})

afterEach(() => vi.restoreAllMocks())

describe('the command line', () => {
  it('lists the targets with what they are', async () => {
    const { code, lines } = await run('--list')
    expect(code).toBe(0)
    expect(lines).toHaveLength(targets.length)
    expect(lines.find(line => line.startsWith('mesh-hello'))).toContain('HELLO')
  })

  it.each([
    '',
    'nothing',
    'all --input 00',
    'text --count 0',
    'text --count 1.5',
    'text --seed -1',
    'text --input abc',
    'text --what',
  ])('refuses `%s` with exit code 2', async args => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    vi.spyOn(process.stderr, 'write').mockImplementation(text => {
      complaints(text)
      return true
    })
    expect(await run(args)).toMatchObject({ code: 2, lines: [] })
    expect(complaints).toHaveBeenCalled()
  })

  it('feeds one input, and counts it', async () => {
    const { code, lines, last } = await run('text --input ff')
    expect(code).toBe(0)
    expect(lines[0]).toContain('1 inputs, 0 accepted, 1 refused, 0 failed')
    expect(last).toBe('1 inputs, 0 failed')
  })

  it('feeds the same inputs for the same seed, and others for another', async () => {
    const seen: string[] = []
    const listening: Target = {
      name: 'planted',
      about: 'listens',
      open: () => ({ check: input => (seen.push(input.join()), 'accepted') }),
    }
    for (const seed of [1, 1, 2]) await run(`planted --count 50 --seed ${seed}`, [listening])
    expect(seen.slice(0, 50)).toEqual(seen.slice(50, 100))
    expect(seen.slice(100)).not.toEqual(seen.slice(50, 100))
  })
})

describe('every target', () => {
  it.each(targets.map(target => [target.name, target] as const))(
    '%s takes a sample of its corpus, refuses damaged ones unless it takes all, and 300 inputs do it no harm',
    async (name, target) => {
      const subject = await target.open()
      const verdicts: Verdict[] = []
      for (const sample of samplesOf(name)) verdicts.push(await subject.check(sample))
      await subject.close?.()
      expect(verdicts).toContain('accepted')
      const { code, lines, last } = await run(`${name} --count 300`)
      expect([code, last]).toEqual([0, '300 inputs, 0 failed'])
      if (!['raw', 'bytes'].includes(name)) expect(lines[0]).not.toContain(' 0 refused')
    },
  )
})

describe('a planted bug is found, with what replays it', () => {
  const bugs: Readonly<Record<string, (input: Uint8Array) => Verdict | Promise<Verdict>>> = {
    'an error without a code': () => {
      throw new TypeError('cannot read properties of undefined')
    },
    'a rejection that nobody handles': async () => {
      void Promise.reject(new Error('lost'))
      await new Promise(resolve => setImmediate(resolve))
      return 'accepted' as const
    },
    'a decoder that writes into its input': input => {
      input[0] = 8
      return 'accepted'
    },
    'memory for a length that was only announced': () =>
      new Uint8Array(64 * 2 ** 20).length > 0 ? 'accepted' : 'refused',
    'a loop that takes a long time': () => {
      const end = performance.now() + 120
      while (performance.now() < end);
      return 'accepted'
    },
  }
  it.each(Object.entries(bugs))('%s', async (_, bug) => {
    // The runner of these tests would take a planted rejection for its own
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection')
    onTestFinished(() => others.forEach(listener => process.on('unhandledRejection', listener)))
    const target = planted(bug)
    const { code, lines, last, replay } = await run('planted --count 400', [target])
    expect(code).toBe(1)
    expect(last).toMatch(/^400 inputs, [1-9]\d* failed$/)
    expect(lines[0]).toMatch(/^FAILED {2}planted, input \d+: /)
    expect(replay).toMatch(/^--input 07/)
    expect((await run(`planted ${replay}`, [target])).code).toBe(1)
    expect((await run('planted --input 06', [target])).code).toBe(0)
  })

  it('one that needs the inputs before it replays from the seed', async () => {
    const forgetful: Target = {
      name: 'planted',
      about: 'breaks at the hundredth input',
      open: () => {
        let inputs = 0
        return {
          check: () => {
            if (++inputs === 100) throw new Error('one too many')
            return 'accepted'
          },
        }
      },
    }
    const { code, replay } = await run('planted --count 150 --seed 3', [forgetful])
    expect([code, replay]).toEqual([1, '--seed 3 --count 100'])
    expect((await run(`planted ${replay}`, [forgetful])).code).toBe(1)
  })

  it('a decoder that keeps what it has read', async () => {
    const hoard: Uint8Array[] = []
    const keeping: Target = {
      name: 'planted',
      about: 'keeps 64 KiB an input',
      open: (): Subject => ({ check: () => (hoard.push(new Uint8Array(65_536).fill(1)), 'accepted') }),
    }
    const { code, lines } = await run('planted --count 1000', [keeping])
    expect(code).toBe(1)
    expect(lines[0]).toContain('MiB more than before')
  })

  it('a framing that loses a frame when a chunk ends right behind its length', async () => {
    const { code } = await run('planted --count 2000', [
      framing('planted', 'forgets', [
        { framing: forgetful(lengthPrefixed({ limit: 300 })), canonical: true },
      ]),
    ])
    expect(code).toBe(1)
  })

  it('a mesh that throws a TypeError at some message of membership', async () => {
    const receive = Object.getOwnPropertyDescriptor(Membership.prototype, 'receive')?.value as Receive
    vi.spyOn(Membership.prototype, 'receive').mockImplementation(function (this: Membership, ...args) {
      if (args[1].type === 'neighbour') throw new TypeError('contacts is undefined')
      receive.apply(this, args)
    })
    const { code, lines } = await run('mesh-link --count 300')
    expect(code).toBe(1)
    expect(lines[0]).toContain('contacts is undefined')
  })

  it('a refusal with another code than the documented one', async () => {
    const target = planted(() => {
      unlessRefused(['P2P_MALFORMED'], () => {
        throw new P2PError('P2P_SOMETHING_ELSE', 'refused')
      })
      return 'refused'
    })
    expect((await run('planted --count 400', [target])).code).toBe(1)
  })
})

/** Drops a chunk of exactly four bytes, as a decoder might that counts wrong. */
const forgetful = (real: Framing): Framing => ({
  limit: real.limit,
  frameLength: length => real.frameLength(length),
  encode: (payload, bytes, offset) => real.encode(payload, bytes, offset),
  decoder: (): FrameDecoder => {
    const decoder = real.decoder()
    return {
      get buffered() {
        return decoder.buffered
      },
      push: (chunk, onFrame) => {
        if (chunk.length !== 4) decoder.push(chunk, onFrame)
      },
      end: () => decoder.end(),
    }
  },
})
