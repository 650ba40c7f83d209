import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { Program } from './program.ts'

/** Says something over TCP and ends; returns all that came back. By netcat, where there is one. */
const say = async (port: number, words: string): Promise<string> => {
  const child = spawn('nc', ['-N', '127.0.0.1', String(port)], { stdio: ['pipe', 'pipe', 'ignore'] })
  const started = await new Promise<boolean>(resolve => {
    child.once('spawn', () => resolve(true)).once('error', () => resolve(false))
  })
  if (started) {
    child.stdin.end(words)
    return text(child.stdout)
  }
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.end(words)
  return text(socket)
}

it('sends back what comes over TCP and UDP, as it is, and leaves when it is told to', async () => {
  await using program = new Program('node', [
    'echo',
    '--listen',
    'tcp://127.0.0.1:0',
    '--listen',
    'udp://127.0.0.1:0',
  ])
  const [, tcp] = await program.output(/listens at tcp:\/\/127\.0\.0\.1:(\d+)\n/)
  const [, udp] = await program.output(/listens at udp:\/\/127\.0\.0\.1:(\d+)\n/)
  expect(await say(Number(tcp), 'hello\nthere')).toBe('hello\nthere')
  expect(await say(Number(tcp), 'x'.repeat(300_000))).toHaveLength(300_000)

  const socket = createSocket('udp4')
  const answer = new Promise<string>(resolve => socket.once('message', data => resolve(String(data))))
  socket.send('hello', Number(udp), '127.0.0.1')
  expect(await answer).toBe('hello')
  socket.close()

  program.kill('SIGTERM')
  expect(await program.ended).toMatchObject({ code: 0, stderr: '' })
})

it('says where it cannot listen, and fails if that is everywhere', async () => {
  await using some = new Program('node', ['echo', '--listen', 'tcp://127.0.0.1:0', 'tcp://192.0.2.1:0'])
  await some.output(/cannot listen at tcp:\/\/192\.0\.2\.1:0: P2P_ADDRESS_NOT_AVAILABLE/)
  await some.output(/listens at tcp/)
  await using none = new Program('node', ['echo', '--listen', 'tcp://192.0.2.1:0'])
  expect(await none.ended).toMatchObject({ code: 1, stdout: '' })
})
