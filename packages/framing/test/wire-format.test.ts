import { describe, expect, it } from 'vitest'

import { lengthPrefixed, lines, raw, varint } from '../src/index.ts'
import { bytes, decoded, hex, streamOf, unhex } from './streams.ts'

describe('lengthPrefixed', () => {
  it('writes the length big-endian in as many bytes as its width', () => {
    expect(hex(streamOf(lengthPrefixed(), [bytes('hi')]))).toBe('000000026869')
    expect(hex(streamOf(lengthPrefixed({ width: 3 }), [bytes('hi')]))).toBe('0000026869')
    expect(hex(streamOf(lengthPrefixed({ width: 2 }), [bytes('hi')]))).toBe('00026869')
    expect(hex(streamOf(lengthPrefixed({ width: 1 }), [bytes('hi')]))).toBe('026869')
    expect(hex(streamOf(lengthPrefixed(), [new Uint8Array(0x012345)]).subarray(0, 4))).toBe('00012345')
  })

  it('has a limit of 16 MiB unless its width says less', () => {
    expect(lengthPrefixed().limit).toBe(16_777_216)
    expect(lengthPrefixed({ width: 3 }).limit).toBe(0xffffff)
    expect(lengthPrefixed({ width: 2 }).limit).toBe(0xffff)
    expect(lengthPrefixed({ width: 1 }).limit).toBe(0xff)
  })

  it('reads a length of 2 GiB and more as what it is', () => {
    for (const header of ['80000000', 'ffffffff']) {
      const { frames, error } = decoded(lengthPrefixed().decoder(), [unhex(`0000000161${header}62`)])
      expect(frames).toEqual(['61'])
      expect(error).toMatchObject({ code: 'P2P_FRAME_TOO_LONG' })
    }
    const decoder = lengthPrefixed({ limit: 2 ** 32 - 1 }).decoder()
    decoder.push(unhex('ffffffff62'), () => expect.unreachable())
    expect(decoder.buffered).toBe(5)
    expect(() => {
      decoder.end()
    }).toThrow('4294967294 bytes of its payload')
  })

  it('refuses a length as soon as the bytes that have come put it above the limit', () => {
    const decoder = lengthPrefixed({ limit: 100 }).decoder()
    decoder.push(unhex('0000'), () => expect.unreachable())
    expect(() => {
      decoder.push(unhex('01'), () => expect.unreachable())
    }).not.toThrow()
    expect(() => {
      decoder.push(unhex('00'), () => expect.unreachable())
    }).toThrow(expect.objectContaining({ code: 'P2P_FRAME_TOO_LONG' }))
  })

  it.each([
    { width: 0 },
    { width: 5 },
    { width: 1.5 },
    { limit: 0 },
    { limit: -1 },
    { limit: 1.5 },
    { limit: NaN },
    { limit: 2 ** 32 },
    { width: 1, limit: 256 },
  ])('refuses the options %o', options => {
    expect(() => lengthPrefixed(options as object)).toThrow(
      expect.objectContaining({ code: 'P2P_BAD_OPTION' }),
    )
  })

  it('refuses to write where there is no room, before it has written a byte', () => {
    const target = new Uint8Array(10)
    for (const framing of [lengthPrefixed(), varint(), lines(), raw()]) {
      expect(() => framing.encode(bytes('abcdef'), target, 5)).toThrow(RangeError)
    }
    expect(hex(target)).toBe('00'.repeat(10))
  })
})

describe('varint', () => {
  // lengths and their encodings from the LEB128 examples of the DWARF and WebAssembly specifications, and powers of two worked out by hand
  it.each([
    [0, '00'],
    [2, '02'],
    [127, '7f'],
    [128, '8001'],
    [129, '8101'],
    [12_857, 'b964'],
    [16_383, 'ff7f'],
    [16_384, '808001'],
    [624_485, 'e58e26'],
    [2_097_151, 'ffff7f'],
    [2_097_152, '80808001'],
  ])('writes and reads the length %i as %s', (length, header) => {
    const framing = varint()
    const target = new Uint8Array(5)
    expect(framing.writeHeader(length, target, 0)).toBe(header.length / 2)
    expect(hex(target.subarray(0, header.length / 2))).toBe(header)
    expect(framing.frameLength(length)).toBe(length + header.length / 2)
    let seen = -1
    const decoder = framing.decoder()
    decoder.push(unhex(header), (_bytes, start, end) => (seen = end - start))
    decoder.push(new Uint8Array(length), (_bytes, start, end) => (seen = end - start))
    expect(seen).toBe(length)
  })

  it('writes lengths of more than 28 bits', () => {
    const framing = varint({ limit: 2 ** 32 - 1 })
    const target = new Uint8Array(5)
    framing.writeHeader(2 ** 32 - 1, target, 0)
    expect(hex(target)).toBe('ffffffff0f')
    const decoder = framing.decoder()
    decoder.push(target, () => expect.unreachable())
    expect(() => {
      decoder.end()
    }).toThrow('4294967295 bytes')
  })

  it.each(['8000', '818000', '80808000', '8080808000'])('refuses the over-long length %s', header => {
    const framing = varint({ limit: 2 ** 32 - 1 })
    const whole = decoded(framing.decoder(), [unhex(`0161${header}6262`)])
    expect(whole.frames).toEqual(['61'])
    expect(whole.error).toMatchObject({ code: 'P2P_NOT_DECODABLE' })
    const cut = decoded(
      framing.decoder(),
      [...unhex(header)].map(byte => Uint8Array.of(byte)),
    )
    expect(cut.error).toMatchObject({ code: 'P2P_NOT_DECODABLE' })
  })

  it.each(['ff01', '808001', '8080808080808080808001', 'ffffffffffffffffff7f'])(
    'refuses the length %s above its limit of 200',
    header => {
      const { error } = decoded(varint({ limit: 200 }).decoder(), [unhex(header), new Uint8Array(300)])
      expect(error).toMatchObject({ code: 'P2P_FRAME_TOO_LONG' })
    },
  )

  it('refuses a limit out of range', () => {
    for (const limit of [0, 2 ** 32, 1.5, NaN, -1]) {
      expect(() => varint({ limit })).toThrow(expect.objectContaining({ code: 'P2P_BAD_OPTION' }))
    }
  })
})

describe('lines', () => {
  it('ends each payload with its delimiter', () => {
    const text = (stream: Uint8Array) => Buffer.from(stream).toString()
    expect(text(streamOf(lines(), [bytes('a'), bytes(''), bytes('b\r')]))).toBe('a\n\nb\r\n')
    expect(text(streamOf(lines({ crlf: true }), [bytes('a'), bytes('')]))).toBe('a\r\n\r\n')
    expect(text(streamOf(lines({ delimiter: ';' }), [bytes('a'), bytes('b\n')]))).toBe('a;b\n;')
  })

  it('takes one carriage return from the end of a line with crlf, and none without', () => {
    const stream = bytes('a\r\nb\nc\r\r\n\r\n\n')
    const strings = (frames: string[]) => frames.map(frame => Buffer.from(frame, 'hex').toString())
    expect(strings(decoded(lines({ crlf: true }).decoder(), [stream]).frames)).toEqual([
      'a',
      'b',
      'c\r',
      '',
      '',
    ])
    expect(strings(decoded(lines().decoder(), [stream]).frames)).toEqual(['a\r', 'b', 'c\r\r', '\r', ''])
  })

  it('counts neither delimiter nor carriage return against the limit', () => {
    for (const chunks of [[bytes('abcd\r\n')], [...bytes('abcd\r\n')].map(byte => Uint8Array.of(byte))]) {
      expect(decoded(lines({ limit: 4, crlf: true }).decoder(), chunks)).toEqual({
        frames: [hex(bytes('abcd'))],
        error: undefined,
      })
    }
    for (const text of ['abcde\n', 'abcd\re', 'abcd\r\r\n', 'abcde']) {
      for (const chunks of [[bytes(text)], [...bytes(text)].map(byte => Uint8Array.of(byte))]) {
        const { frames, error } = decoded(lines({ limit: 4, crlf: true }).decoder(), chunks)
        expect(frames).toEqual([])
        expect(error).toMatchObject({ code: 'P2P_FRAME_TOO_LONG' })
      }
    }
  })

  it('refuses to send a payload that contains the delimiter', () => {
    expect(() => lines().encode(bytes('a\nb'), new Uint8Array(9), 0)).toThrow(
      expect.objectContaining({ code: 'P2P_NOT_ENCODABLE' }),
    )
  })

  it.each([
    { delimiter: '' },
    { delimiter: 'ab' },
    { delimiter: 'é' },
    { delimiter: ';', crlf: true },
    { limit: 0 },
  ])('refuses the options %o', options => {
    expect(() => lines(options)).toThrow(expect.objectContaining({ code: 'P2P_BAD_OPTION' }))
  })
})
