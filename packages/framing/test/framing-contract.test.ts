import { runContract } from '@p2p/contracts'
import { framingContract } from '@p2p/interfaces/contracts'

import { lengthPrefixed, lines, raw, varint } from '../src/index.ts'

runContract(
  'lengthPrefixed',
  framingContract(limit => lengthPrefixed({ limit })),
)
runContract(
  'lengthPrefixed of width 3',
  framingContract(limit => lengthPrefixed({ width: 3, limit })),
)
runContract(
  'lengthPrefixed of width 2',
  framingContract(limit => lengthPrefixed({ width: 2, limit })),
)
runContract(
  'varint',
  framingContract(limit => varint({ limit })),
)
runContract(
  'lines',
  framingContract(limit => lines({ limit })),
)
runContract(
  'lines with crlf',
  framingContract(limit => lines({ limit, crlf: true })),
)
runContract(
  'lines ended by NUL',
  framingContract(limit => lines({ limit, delimiter: '\0' })),
)
runContract(
  'raw',
  framingContract(limit => raw({ limit }), { boundaries: 'lost' }),
)
