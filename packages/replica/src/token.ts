import type { Key, Write } from './entry.ts'
import { hashWrite } from './hash.ts'
import { countLimit, encodeStamp, timeLimit } from './stamp.ts'

/**
 * The fencing token of a write under a lease: lower-case hexadecimal text that sorts as the order with leases does, so the write that wins has the
 * greater token, and no two writes have the same.
 *
 * Whoever guards something outside (a file, a printer) keeps the greatest token that it was shown and refuses smaller ones.
 */
export const fencingToken = (key: Key, write: Write): string => {
  const { epoch, start, owner, counter } = write
  // The earlier start and the smaller id win: their complements sort the other way round. No byte of an id has the complement ff, so as an
  // end mark it puts an id above those that it begins.
  const inverted = { time: timeLimit - 1 - start.time, count: countLimit - 1 - start.count }
  let id = ''
  for (let index = 0; index < owner.length; index++) id += (0xff - owner.charCodeAt(index)).toString(16)
  return (
    epoch.toString(16).padStart(14, '0') +
    encodeStamp(inverted) +
    id +
    'ff' +
    encodeStamp(counter) +
    hashWrite(key, write)
  )
}
