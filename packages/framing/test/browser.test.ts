import { afterEach, describe, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('without the globals of Node', () => {
  it('frames, packs, encodes and decodes', async () => {
    vi.resetModules()
    vi.stubGlobal('Buffer', undefined)
    const { frameWriter, json, lengthPrefixed, msgpack } = await import('../src/index.ts')
    const value = {
      text: 'long enough to be decoded by the platform: é',
      bytes: new Uint8Array(100),
      list: [1, 2.5],
    }
    const chunks: Uint8Array[] = []
    const writer = frameWriter(
      {
        write: chunk => {
          chunks.push(chunk)
          return true
        },
      },
      lengthPrefixed(),
      { schedule: queueMicrotask },
    )
    vi.stubGlobal('process', undefined)
    writer.write(msgpack().encode(value))
    writer.write(json().encode(['text', value.text]))
    writer.write(new Uint8Array(100_000))
    writer.flush()
    const frames: Uint8Array[] = []
    const decoder = lengthPrefixed().decoder()
    for (const chunk of chunks)
      decoder.push(chunk, (bytes, start, end) => frames.push(bytes.slice(start, end)))
    const decoded = [msgpack().decode(frames[0] ?? value.bytes), json().decode(frames[1] ?? value.bytes)]
    vi.unstubAllGlobals()
    expect(decoded).toStrictEqual([value, ['text', value.text]])
    expect(frames[2]).toHaveLength(100_000)
  })
})
