import { expect, it } from 'vitest'
import { asTable } from '../src/nat/table.ts'
import { Program } from './program.ts'

it('prints interfaces and routes as a table, and asks nobody', async () => {
  await using program = new Program('node', ['nat'])
  const { code, stdout } = await program.ended
  expect(stdout).toMatch(/^INTERFACE +KIND +STATE/)
  expect(stdout).toMatch(/\nROUTE +FAMILY +BIND TO +SEEN AS\n/)
  expect(stdout).toContain('not measured: name a STUN server')
  expect(code).toBe(0)
})

it('prints the same as JSON, with an error in the place of what could not be asked', async () => {
  await using program = new Program('node', ['nat', '--json', '--server', 'a:b:c'])
  const { code, stdout } = await program.ended
  const findings = JSON.parse(stdout) as { nat: { family: number; error: string }[]; interfaces: unknown[] }
  expect(findings.interfaces).toBeInstanceOf(Array)
  expect(findings.nat.map(({ family }) => family)).toEqual([4, 6])
  for (const { error } of findings.nat) expect(error).toMatch(/^P2P_BAD_ADDRESS/)
  expect(code).toBe(0)
})

it('says in words what was measured', () => {
  const lines = asTable({
    interfaces: [],
    routes: [],
    nat: [
      {
        status: 'measured',
        family: 4,
        classic: 'symmetric',
        translated: true,
        mapping: 'address-and-port-dependent',
        filtering: 'address-and-port-dependent',
        hairpin: false,
        portAllocation: { kind: 'sequential', step: -2, confidence: 1, samples: 8 },
        local: { address: '10.0.0.2', family: 4, port: 4_000 },
        public: { address: '203.0.113.7', family: 4, port: 4_711 },
        reachable: { udp: true },
        servers: [{ server: 'stun.example.org', rtt: 20 }],
        unknown: [],
        ms: 800,
      },
    ],
  }).join('\n')
  expect(lines).toMatch(/ports +sequential -2\n/)
  expect(lines).toMatch(/seen as +203\.0\.113\.7:4711\n/)
  expect(lines).toMatch(/hairpin +no\n/)
  expect(lines).toMatch(/stun\.example\.org: 20 ms/)
})
