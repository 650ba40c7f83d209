import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import { certificate, key } from '../certificate.ts'
import { type Greeting, hello } from './greeting.ts'

/** Bare TLS 1.3, every session a new one. @param both whether the end that dials has a certificate, too */
const over = (both: boolean): Greeting => ({
  answer: () =>
    new Promise(resolve => {
      const options = { cert: certificate, key, noDelay: true, minVersion: 'TLSv1.3' } as const
      const authority = both ? { ca: certificate, requestCert: true, rejectUnauthorized: true } : {}
      const server = createServer({ ...options, ...authority }, socket => {
        socket.on('data', (chunk: Buffer) => socket.write(chunk))
        // It ends without ceremony.
        socket.on('error', () => undefined)
      })
      server.listen(0, '127.0.0.1', () => resolve(String((server.address() as AddressInfo).port)))
    }),
  greet: address =>
    new Promise((resolve, reject) => {
      const own = both ? { cert: certificate, key } : {}
      const socket = connect({ host: '127.0.0.1', port: Number(address), ca: certificate, ...own })
      socket.setNoDelay(true)
      socket.once('error', reject)
      socket.once('secureConnect', () => socket.write(hello))
      socket.once('data', () => {
        const closed = new Promise<void>(done => socket.once('close', () => done()))
        resolve(() => {
          socket.end()
          return closed
        })
      })
    }),
})

export const greetingByTls: Greeting = over(false)
export const greetingByMutualTls: Greeting = over(true)
