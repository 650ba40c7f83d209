import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Example, examplesOf, runProgram, typeErrors } from '@p2p/readme-examples'
import ts from 'typescript'
import { inspect } from './inspect.ts'
import { install } from './install.ts'
import type { Tarball } from './tarballs.ts'

/** Milliseconds for one example. They take less than one second; CI may be busy. */
const limit = 15_000

/** The settings of a consumer who knows nothing of our workspace. */
const consumerOptions: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  typeRoots: [fileURLToPath(new URL('../node_modules/@types', import.meta.url))],
}

/** Removes the types, as a consumer's build would. */
const toJavaScript = ({ readme, code }: Example): string =>
  ts.transpileModule(code, {
    fileName: readme,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
  }).outputText

/** What to print of an error. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Does a part of the work and says which one failed. */
const step = async <T>(name: string, work: () => T | Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    throw new Error(`${name}: ${messageOf(error)}`, { cause: error })
  }
}

/**
 * Uses a package as a person would who has nothing else: installs it, imports it, checks its types, runs its README.
 *
 * @param nodes the programs of Node.js that it is to run on
 * @returns what was done, in a few words
 * @throws what went wrong, beginning with the step
 */
export const consume = async (
  tarball: Tarball,
  all: readonly Tarball[],
  folder: string,
  nodes: readonly string[],
  signal: AbortSignal,
): Promise<string> => {
  mkdirSync(folder)
  const { name } = tarball
  const installed = await step('install', () => install(tarball, all, folder, signal))
  const entries = await step('inspect', () => inspect(name, join(folder, 'node_modules', name)))

  const imports = entries.map((entry, index) => `import * as entry${index} from '${entry}'`)
  const names = entries.map((_, index) => `entry${index}`)
  const examples: readonly Example[] = [
    {
      readme: 'entries',
      line: 1,
      code: [...imports, `console.log(${names.join(', ')})`].join('\n'),
      runs: true,
    },
    ...examplesOf(join(tarball.folder, 'README.md')),
  ]
  const fileOf = ({ readme, line }: Example) => join(folder, `${readme.replaceAll('/', '-')}-${line}`)
  for (const example of examples) writeFileSync(`${fileOf(example)}.mts`, example.code)
  // Their lines are the README's: a person wants to read where to look.
  const inReadmes = (text: string) =>
    examples.reduce((all, example) => all.replaceAll(`${fileOf(example)}.mts`, example.readme), text)

  await step('types', () => {
    const sources = examples.map(example => `${fileOf(example)}.mts`)
    const ours = join(folder, 'node_modules/@p2p/')
    const errors = typeErrors(
      sources,
      consumerOptions,
      file => sources.includes(file) || file.startsWith(ours),
    )
    if (errors.length > 0) throw new Error(inReadmes(errors.join('\n')))
  })

  const programs = examples.filter(({ runs }) => runs)
  for (const program of programs) {
    const file = `${fileOf(program)}.mjs`
    writeFileSync(file, toJavaScript(program))
    for (const node of nodes) {
      await step(`run ${program.readme}:${program.line} with ${node}`, () =>
        runProgram(['--enable-source-maps', file], { cwd: folder, node, limit, signal }),
      )
    }
  }
  return `npm install ${installed.join(' ')}; entries: ${entries.length}, examples: ${programs.length - 1}`
}
