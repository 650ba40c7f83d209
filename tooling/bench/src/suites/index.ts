import type { Suite } from '../case.ts'
import { chord } from './chord.ts'
import { codec } from './codec.ts'
import { faults } from './faults.ts'
import { framing } from './framing.ts'
import { latency } from './latency.ts'
import { memory } from './memory.ts'
import { noise } from './noise.ts'
import { pipe } from './pipe.ts'
import { stream, tls, ws } from './stream.ts'

/** Everything that is measured. A new suite is one file beside this one, and one line here. */
export const suites: readonly Suite[] = [
  framing,
  codec,
  stream,
  latency,
  tls,
  ws,
  memory,
  faults,
  pipe,
  noise,
  chord,
]
