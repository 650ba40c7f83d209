import fc from 'fast-check'

/** Any character: as fast-check's unit `binary`, which takes a second to list them all. */
export const codePoint: fc.Arbitrary<string> = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0, max: 0xd7ff }),
    fc.integer({ min: 0xe000, max: 0x10ffff }),
  )
  .map(value => String.fromCodePoint(value))
