import type { NetworkInterfaceInfo } from 'node:os'
import type { Machine } from '../../src/index.ts'

/** A machine made of text: files by their path, and what programs write, by their command line. */
export interface Recorded {
  readonly platform: NodeJS.Platform
  readonly files?: Readonly<Record<string, string>>
  readonly output?: Readonly<Record<string, string>>
  readonly addresses: Readonly<Record<string, readonly string[]>>
}

const info = (cidr: string): NetworkInterfaceInfo => {
  const address = cidr.split('/')[0] as string
  const base = {
    address,
    netmask: '',
    mac: '02:00:00:00:00:01',
    internal: /^(?:127|::1)/.test(address),
    cidr,
  }
  return address.includes(':') ? { ...base, family: 'IPv6', scopeid: 0 } : { ...base, family: 'IPv4' }
}

export const recorded = ({ platform, files = {}, output = {}, addresses }: Recorded): Machine => ({
  platform,
  interfaces: () =>
    Object.fromEntries(Object.entries(addresses).map(([name, list]) => [name, list.map(info)])),
  read: path => files[path],
  list: path => [
    ...new Set(
      Object.keys(files)
        .filter(file => file.startsWith(`${path}/`))
        .map(file => file.slice(path.length + 1).split('/')[0] as string),
    ),
  ],
  run: async (program, args) => {
    const name = [program, ...args].join(' ')
    const found = Object.entries(output).find(([command]) => name.startsWith(command))
    if (found === undefined) throw new Error(`${name}: not found`)
    return found[1]
  },
})
