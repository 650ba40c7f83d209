import { expect, it, vi } from 'vitest'
import { identity } from './pairs.ts'

// The types of Node.js leave it to those of a browser
const { WebAssembly } = globalThis as unknown as { WebAssembly: { instantiate: () => unknown } }

it('libsodium is compiled once, however many ends are made before it is loaded', async () => {
  // Another test may have loaded it in this process
  vi.resetModules()
  const { createNoise } = await import('../src/index.node.ts')
  const compiled = vi.spyOn(WebAssembly, 'instantiate')
  for (let count = 0; count < 5; count++) createNoise({ identity: identity(1), network: 'test' })
  // They all begin before the first of them is done
  await vi.waitFor(() => expect(compiled).toHaveBeenCalled())
  await compiled.mock.results[0]?.value
  expect(compiled).toHaveBeenCalledTimes(1)
  compiled.mockRestore()
})
