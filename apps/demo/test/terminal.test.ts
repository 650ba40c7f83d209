import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createFolder, expectNoProcess, Program } from './program.ts'

const files = { 'a.txt': 'a', 'b.txt': 'bb', 'c/d.txt': 'ccc', 'c/e.txt': '', 'c/f.txt': 'f' }

const version = spawnSync('script', ['--version'], { encoding: 'utf8' })
const reason = 'there is no `script` of util-linux here'
const noTerminal = version.error !== undefined || !version.stdout.includes('util-linux')

/** What it wrote between the beginnings and ends of a synchronised update: frames, and what clears them. */
const framesOf = (output: string) =>
  Array.from(output.matchAll(/\u001b\[\?2026h(.*?)\u001b\[\?2026l/gs), ([, frame = '']) =>
    stripVTControlCharacters(frame).replaceAll('\r', ''),
  )

const cursorOf = (output: string) => output.match(/\u001b\[\?25[lh]/g)?.at(-1)

describe('on a pseudo-terminal', () => {
  it('shows the nodes and their figures while processes are killed and come back, and ends with the verdict', async ({
    skip,
  }) => {
    skip(noTerminal, reason)
    await using folder = await createFolder(files)
    await using elsewhere = await createFolder({})
    const identity = join(elsewhere.path, 'node-0.pem')
    const args = [
      '--nodes',
      '5',
      '--dir',
      folder.path,
      '--identity',
      identity,
      '--chaos',
      '1.2',
      '--seed',
      '37',
    ]
    await using program = new Program('demo', args, { terminal: { columns: 100, rows: 30 } })
    const end = await program.ended
    const text = stripVTControlCharacters(end.output).replaceAll('\r', '')

    // Four are up at the beginning, three have to be, and with this seed the first kill comes after 0.16 s, and is node 0's
    expect(text).toMatch(/chaos +kills and restarts .* for 1\.2 s, --seed 37; .* 3 of 5 stay up\n/)
    expect(text).toMatch(/node 0 +was killed with SIGKILL \(process \d+\), 3 are up\n/)
    // If it were not the same node again, its former life's leases would not be its own, and it could not publish
    expect(text).toMatch(/node 0 +is back \(process \d+\): .*, wrote its own \d files? again\n/)
    expect(await readdir(elsewhere.path)).toEqual(['node-0.pem'])
    expect(text).toMatch(/node 2 +is back \(process \d+\): .*, wrote its own \d files? again\n/)
    const [, kills = ''] = /chaos +is over: (\d+) kills?; .* the 5 nodes have changed/.exec(text) ?? []
    expect(text.match(/holds 5 entries: as the disk has them/g)).toHaveLength(5)
    const verdict = new RegExp(
      `verdict +RIGHT: 5 living nodes .* 5 files, after ${kills} kills?; the outsider was turned away; the contents of 5 files were read back\\n`,
    )
    expect(text).toMatch(verdict)
    expect(end.code).toBe(0)

    const frames = framesOf(end.output).join('\n')
    expect(frames).toMatch(/^node +state +links +keys +msg\/s +process +lives$/m)
    expect(frames).toMatch(/^node 0 +up +[1-4] +\d+ +\d+ +\d+ +\d+$/m)
    expect(frames).toMatch(/^node 2 +killed +\d+ +1$/m)
    expect(frames).toMatch(/^node 2 +up .* [2-9]$/m)
    expect(frames).toMatch(/^\d of 5 nodes up, \d+ links, \d+ keys, [1-9]\d* messages?\/s$/m)
    expect(end.output).toContain('\u001b[32mup')
    // The last frame stays, and below it nothing moves any more
    expect(frames.match(/^\d of 5 nodes up.*$/gm)?.at(-1)).toMatch(/^5 of 5 nodes up, \d+ links, 5 keys/)
    const after = end.output.slice(end.output.lastIndexOf('messages/s'))
    expect(stripVTControlCharacters(after).replaceAll('\r', '')).toMatch(verdict)

    expect(after).not.toMatch(/\u001b\[\d*[ABCDEFGHJKf]/)
    expect(cursorOf(end.output)).toBe('\u001b[?25h')
    expectNoProcess(end)
  })

  it('is narrow where the terminal is, without colours by NO_COLOR, and after Ctrl-C the cursor is back and no process left', async ({
    skip,
  }) => {
    skip(noTerminal, reason)
    await using folder = await createFolder(files)
    await using program = new Program('demo', ['--nodes', '3', '--dir', folder.path, '--chaos', '60'], {
      terminal: { columns: 30, rows: 12 },
      environment: { NO_COLOR: '1' },
    })
    await program.output(/kills and restarts/)
    program.press('\u0003')
    const end = await program.ended
    const frames = framesOf(end.output)
    expect(frames.join('\n')).toMatch(/^node 0 +up/m)
    expect(Math.max(...frames.flatMap(frame => frame.split('\n')).map(line => line.length))).toBeLessThan(30)

    expect(end.output).not.toMatch(/\u001b\[\d+(;\d+)*m/)
    expect(end.output).toContain('demo: ended by SIGINT')
    expect(cursorOf(end.output)).toBe('\u001b[?25h')
    expect(end.code).toBe(130)
    expectNoProcess(end)
  })

  it('breaks off at Ctrl-C what takes long, and not the node, which Ctrl-C at the prompt ends', async ({
    skip,
  }) => {
    skip(noTerminal, reason)
    await using other = new Program('node', [])
    const [, address = ''] = await other.output(/listens at (\S+)\n/)
    await using program = new Program('node', ['--join', address], { terminal: { columns: 100, rows: 30 } })
    await program.output(/joined; the dictionary/)
    await other.output(/is here/)
    program.type('put begun 1')
    await program.output(/begun is put: 5 of 5 tables hold it/)
    // Who holds the copies says nothing any more: nothing can be put
    other.kill('SIGSTOP')
    program.type('put key 1')
    await program.output(/put key 1\r+\n/)
    program.press('\u0003')
    await program.output(/P2P_ABORTED: /)
    other.kill('SIGCONT')
    program.type('put key 2')
    await program.output(/key is put: \d of 5 tables hold it/)
    program.press('\u0003')
    expect((await program.ended).code).toBe(0)
  })

  it('writes lines and nothing else with --plain', async ({ skip }) => {
    skip(noTerminal, reason)
    await using folder = await createFolder(files)
    const args = ['--nodes', '3', '--dir', folder.path, '--plain', '--chaos', '60']
    await using program = new Program('demo', args, { terminal: { columns: 80, rows: 24 } })
    await program.output(/joined through the seed/)
    program.press('\u0003')
    const end = await program.ended
    expect(end.output).not.toContain('\u001b')
    expect(end.code).toBe(130)
    expectNoProcess(end)
  })
})
