import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** All modules that a module loads, and those that they do: files by their address, the rest by name. What is imported for its types only is not loaded. */
const loadedBy = (file: URL, seen = new Set<string>()): Set<string> => {
  if (seen.has(file.href)) return seen
  seen.add(file.href)
  const source = readFileSync(file, 'utf8')
  const statements = /^(import type|import|export)\b[^']*?from '([^']+)'/gmsu
  const others = /(import)\s*\(?\s*'([^']+)'/gu
  for (const [, kind, specifier = ''] of [...source.matchAll(statements), ...source.matchAll(others)]) {
    if (kind === 'import type') continue
    if (specifier.startsWith('.')) loadedBy(new URL(specifier, file), seen)
    else seen.add(specifier)
  }
  return seen
}

type Conditions = Readonly<Record<string, string>>
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly exports: Readonly<Record<string, Readonly<Record<string, string | Conditions>>>>
  readonly publishConfig: { readonly exports: Readonly<Record<string, Conditions>> }
}

describe.each([
  [
    '.',
    'index',
    [
      '@noble/ciphers/chacha.js',
      '@noble/curves/ed25519.js',
      '@noble/curves/utils.js',
      '@noble/hashes/hmac.js',
      '@noble/hashes/scrypt.js',
      '@noble/hashes/sha2.js',
      '@p2p/framing',
      '@p2p/interfaces',
      '@p2p/interfaces/system',
      '@p2p/interfaces/wait',
      '@scure/base',
    ],
  ],
  [
    './signatures',
    'signatures',
    [
      '@noble/ciphers/chacha.js',
      '@noble/curves/ed25519.js',
      '@noble/curves/utils.js',
      '@noble/hashes/hmac.js',
      '@noble/hashes/scrypt.js',
      '@noble/hashes/sha2.js',
    ],
  ],
])('the entry %s', (entry, name, packages) => {
  it('loads nothing of Node.js outside of it', () => {
    const loaded = [...loadedBy(new URL(`../src/${name}.ts`, import.meta.url))]
    expect(loaded.filter(module => module.endsWith('.node.ts'))).toEqual([])
    expect(loaded.filter(module => !module.startsWith('file:')).sort()).toEqual(packages)
    // In Node.js it does: the walk would see it
    const native = [...loadedBy(new URL(`../src/${name}.node.ts`, import.meta.url))]
    expect(native.filter(module => module.startsWith('node:'))).not.toEqual([])
  })

  it('is the one that package.json gives to whatever is not Node.js', () => {
    const { types, ...published } = manifest.publishConfig.exports[entry] ?? {}
    expect(types).toBe(`./dist/${name}.d.ts`)
    expect(Object.entries(published)).toEqual([
      ['node', `./dist/${name}.node.js`],
      ['default', `./dist/${name}.js`],
    ])
    const { node, ...elsewhere } = manifest.exports[entry] ?? {}
    expect(node).toHaveProperty('@p2p/source', `./src/${name}.node.ts`)
    expect(elsewhere).toEqual({
      '@p2p/source': `./src/${name}.ts`,
      types: `./dist/${name}.d.ts`,
      default: `./dist/${name}.js`,
    })
  })
})
