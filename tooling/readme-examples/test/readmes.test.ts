import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundle } from '@p2p/bundle'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Example,
  examplesOf,
  packageFolders,
  readmes,
  root,
  runProgram,
  typeErrors,
} from '../src/index.ts'

/** Milliseconds for one example. They take less than one second; CI may be busy. */
const limit = 15_000

const here = fileURLToPath(new URL('../', import.meta.url))

// The programs lie within this package, where the imports of all packages resolve; `dist` is what git and the linters overlook.
mkdirSync(join(here, 'dist'), { recursive: true })
const folder = mkdtempSync(join(here, 'dist/examples-'))
const scratch = mkdtempSync(join(tmpdir(), 'p2p-example-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
  rmSync(scratch, { recursive: true })
})

const fileOf = ({ readme, line }: Example) => join(folder, `${readme.replaceAll('/', '-')}-${line}.ts`)

const examples = readmes.flatMap(examplesOf)
for (const example of examples) writeFileSync(fileOf(example), example.code)

/** All of them bundled with the sources of the family at once: through tsx each would compile these again. */
beforeAll(() =>
  bundle({
    entryPoints: examples.filter(({ runs }) => runs).map(fileOf),
    outdir: folder,
    splitting: true,
    sourcemap: true,
  }),
)
const programOf = (example: Example) => fileOf(example).replace(/\.ts$/u, '.mjs')

/** The examples' errors by file: one program for all, since most of its work is reading what they import. */
let errors: string[]
beforeAll(() => {
  const base = readFileSync(fileURLToPath(import.meta.resolve('@p2p/tsconfig/base.json')), 'utf8')
  const { compilerOptions } = JSON.parse(base) as { compilerOptions: object }
  // Nobody makes declarations of an example.
  const settings = { ...compilerOptions, isolatedDeclarations: false, declaration: false }
  const { options } = ts.convertCompilerOptionsFromJson(settings, here)
  errors = typeErrors(examples.map(fileOf), options, file => file.startsWith(folder))
})

describe.each(readmes)('%s', readme => {
  for (const example of examplesOf(readme)) {
    it(`:${example.line} is well typed`, () => {
      const own = errors.filter(error => error.startsWith(fileOf(example)))
      expect(own.map(error => error.replace(fileOf(example), readme))).toEqual([])
    })

    if (!example.runs) continue
    it.concurrent(`:${example.line} runs and exits by itself`, { timeout: 2 * limit }, async () => {
      const file = fileOf(example)
      await runProgram(['--enable-source-maps', programOf(example)], { cwd: scratch, limit }).catch(
        (error: unknown) => {
          const text = error instanceof Error ? error.message : String(error)
          const inReadme = text.replaceAll(pathToFileURL(file).href, readme).replaceAll(file, readme)
          throw new Error(`${readme}:${example.line} ${inReadme}`)
        },
      )
    })
  }
})

describe.each(packageFolders)('%s', name => {
  it('has a README with an example that runs', () => {
    const own = examples.filter(({ readme }) => readme === join(name, 'README.md'))
    expect(own.some(({ runs }) => runs)).toBe(true)
  })

  it('is a dependency of this package, so that its changes are not hidden by a cached result', () => {
    const nameOf = (path: string) =>
      JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { name: string }
    const { dependencies } = nameOf(here) as { dependencies?: Record<string, string> }
    expect(Object.keys(dependencies ?? {})).toContain(nameOf(join(root, name)).name)
  })
})
