import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '@p2p/bundle'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const folder = fileURLToPath(new URL('..', import.meta.url))
const bundled = mkdtempSync(join(tmpdir(), 'p2p-simulate-'))
afterAll(() => rmSync(bundled, { recursive: true }))

/** The command, bundled from its sources: through tsx each of a dozen processes would compile these again. */
const program = join(bundled, 'main.mjs')
beforeAll(async () => {
  await bundle({ absWorkingDir: folder, entryPoints: ['src/main.ts'], outdir: bundled })
})

interface Ended {
  readonly code: number
  readonly lines: readonly string[]
  readonly errors: string
}

const simulate = (...args: string[]): Promise<Ended> =>
  new Promise(resolve => {
    execFile(process.execPath, [program, ...args], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), lines: stdout.trim().split('\n'), errors: stderr })
    })
  })

describe('npm run simulate', () => {
  it('ends with the count and 0 when all seeds passed', async () => {
    const { code, lines } = await simulate('mesh', '--nodes', '4', '--from', '2', '--seeds', '2', '--verbose')
    expect(lines.slice(0, -1)).toEqual([
      expect.stringMatching(/^seed 2: [0-9a-f]{16}, /),
      expect.stringMatching(/^seed 3: /),
    ])
    expect(lines.at(-1)).toBe('2 seeds, 0 failed')
    expect(code).toBe(0)
  })

  it('says how to replay a seed that failed, after its timeline, and ends with 1', async () => {
    const { code, lines } = await simulate(
      'mesh',
      '--nodes',
      '6',
      '--from',
      '3',
      '--seeds',
      '1',
      '--break',
      'twins-kept',
    )
    expect(lines[0]).toMatch(/^seed 3: /)
    expect(lines.some(line => /^ *\d+\.\d{6} s {2}n\d/.test(line))).toBe(true)
    expect(lines.at(-2)).toBe(
      'replay: npm run simulate -- mesh --from 3 --seeds 1 --nodes 6 --break twins-kept',
    )
    expect(lines.at(-1)).toBe('1 seeds, 1 failed')
    expect(code).toBe(1)
  })

  it('runs one kind of trouble alone, and says so in the command that replays it', async () => {
    const args = ['mesh', '--scenario', 'dials', '--from', '1', '--seeds', '1', '--break', 'twins-kept']
    const { lines } = await simulate(...args)
    expect(lines.at(-2)).toBe(
      'replay: npm run simulate -- mesh --from 1 --seeds 1 --scenario dials --break twins-kept',
    )
  })

  it('measures how long a network takes', async () => {
    const { code, lines } = await simulate('mesh', '--speed', '1', '--nodes', '4')
    expect(lines).toEqual([expect.stringMatching(/^1 min of 4 nodes in .*, 177 of 177 deliveries$/)])
    expect(code).toBe(0)
  })

  it('begins no seed after so many seconds', async () => {
    const { lines } = await simulate('mesh', '--seeds', '100000', '--seconds', '1')
    expect(lines.at(-1)).toMatch(/^\d{1,2} seeds, \d+ failed$/)
  })

  it('lists the bugs that can be planted', async () => {
    const { code, lines } = await simulate('sync', '--list-breaks')
    expect(lines.length).toBeGreaterThanOrEqual(6)
    expect(lines[0]).toMatch(/^no-tie-break +of two leases/)
    expect(code).toBe(0)
  })

  it.each([
    [[], 'missing required argument'],
    [['no-such'], 'Allowed choices are mesh, sync, chord'],
    [['mesh', '--seeds', '0'], 'whole number, 1 or more'],
    [['mesh', '--from', '-1'], 'whole number, 0 or more'],
    [['mesh', '--break', 'no-such'], '--list-breaks'],
    [['sync', '--scenario', 'pause'], 'sync has no scenario pause'],
    [['mesh', '--often'], 'unknown option'],
  ])('ends with 2 when it is called with %j', async (args, message) => {
    const { code, errors } = await simulate(...args)
    expect(errors).toContain(message)
    expect(code).toBe(2)
  })
})
