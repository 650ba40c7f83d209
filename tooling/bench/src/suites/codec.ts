import { json, msgpack } from '@p2p/framing'
import { Packr } from 'msgpackr'
import { type Case, field, type Suite } from '../case.ts'
import { present } from '../peers.ts'
import { perSecond } from '../timed.ts'

interface Coder {
  encode(value: unknown): Uint8Array | string
  decode(encoded: Uint8Array | string): unknown
}

const envelope = {
  t: 1,
  id: 'a0b1c2d3e4f5',
  src: 'node-1',
  dst: 'node-2',
  ttl: 5,
  body: new Uint8Array(64).fill(7),
}
const record = { k: 'a key of some length', v: { a: 1, b: 'two', c: [1, 2, 3, 4, 5, 6, 7, 8] } }

/** Plain maps, as ours are: records would need a table that both ends share. */
const packr = new Packr({ useRecords: false })
const plainJson: Coder = { encode: JSON.stringify, decode: text => JSON.parse(text as string) as unknown }

/** Values a second: encoded and decoded again, ours with all of its checks. */
const coding = (name: string, value: unknown, coders: Readonly<Record<string, Coder>>): Case => ({
  name,
  metrics: { encoded: '1/s', decoded: '1/s' },
  bars: [],
  open: async () => {
    const measures = Object.entries(coders).map(([subject, coder]) => {
      const bytes = coder.encode(value)
      const encode = perSecond(count => {
        for (let index = 0; index < count; index++) coder.encode(value)
      }, 'encoded')
      const decode = perSecond(count => {
        for (let index = 0; index < count; index++) coder.decode(bytes)
      }, 'decoded')
      return [subject, () => async () => ({ ...(await encode()), ...(await decode()) })] as const
    })
    const { contenders, absent } = await present(Object.fromEntries(measures))
    return field(contenders, { absent })
  },
})

export const codec: Suite = {
  name: 'codec',
  about: 'values to bytes and back, in one process',
  cases: [
    coding('msgpack: an envelope with 64 B', envelope, { ours: msgpack(), msgpackr: packr }),
    coding('msgpack: a record', record, { ours: msgpack(), msgpackr: packr }),
    coding('json: a record', record, { ours: json(), 'JSON alone': plainJson }),
  ],
}
