/** A desktop with Ethernet and Wi-Fi. Written by hand from what the documentation of Get-NetAdapter and Get-NetRoute says; not recorded. */
import type { Machine } from '../../src/index.ts'
import { recorded } from './machine.ts'

const adapter = (Name: string, ifIndex: number, more: object) => ({
  Name,
  ifIndex,
  MacAddress: `00-15-5D-00-00-0${ifIndex}`,
  MtuSize: 1500,
  Virtual: false,
  Status: 1,
  Type: 6,
  ...more,
})

const route = (InterfaceAlias: string, DestinationPrefix: string, NextHop: string, metric: number) => ({
  InterfaceAlias,
  DestinationPrefix,
  NextHop,
  RouteMetric: 0,
  InterfaceMetric: metric,
})

export const desktop: Machine = recorded({
  platform: 'win32',
  output: {
    'powershell.exe': JSON.stringify({
      adapters: [
        adapter('Ethernet', 5, {}),
        adapter('WLAN Überall', 7, { Type: 71, Status: 2 }),
        adapter('vEthernet (Default Switch)', 9, { Virtual: true }),
      ],
      routes: [
        route('WLAN Überall', '0.0.0.0/0', '192.168.7.1', 50),
        route('Ethernet', '0.0.0.0/0', '192.168.1.1', 25),
        route('Ethernet', '::/0', 'fe80::1', 25),
      ],
    }),
  },
  addresses: {
    Ethernet: ['192.168.1.40/24', 'fe80::40/64'],
    'WLAN Überall': ['192.168.7.40/24'],
    'vEthernet (Default Switch)': ['172.20.0.1/20'],
    'Loopback Pseudo-Interface 1': ['127.0.0.1/8'],
  },
})
