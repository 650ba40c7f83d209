// The transport that the command line names: tcp, or tls.
import type { Address, Transport } from '@p2p/interfaces'
import { tcp } from '../../src/tcp.ts'
import { tls } from '../../src/tls.ts'
import { certificate, credentials } from '../certificates/credentials.ts'

const overTls = process.argv[2] === 'tls'

export const transport: Transport = overTls
  ? tls({ ...credentials('server'), ca: certificate('authority') })
  : tcp()

export const anywhere: Address = overTls ? 'tls://127.0.0.1:0' : 'tcp://127.0.0.1:0'
