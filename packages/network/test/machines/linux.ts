/**
 * A laptop: Ethernet and Wi-Fi with a default route each, a VPN, a container's bridge. The two files of routes are as the kernel of the machine on which this was
 * written shows them; the other interfaces are added by hand in the same format (Documentation/networking, if_arp.h).
 */
import type { Machine } from '../../src/index.ts'
import { type Recorded, recorded } from './machine.ts'

const nic = (name: string, index: number, more: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries({
      ifindex: String(index),
      type: '1',
      flags: '0x1003',
      operstate: 'up',
      mtu: '1500',
      address: `02:fc:00:00:00:0${index}`,
      uevent: `INTERFACE=${name}\nIFINDEX=${index}\n`,
      ...more,
    }).map(([file, text]) => [`/sys/class/net/${name}/${file}`, `${text}\n`]),
  )

export const laptopParts: Recorded = {
  platform: 'linux',
  files: {
    ...nic('lo', 1, { type: '772', operstate: 'unknown', mtu: '65536', address: '00:00:00:00:00:00' }),
    ...nic('eth0', 2, { 'device/vendor': '0x8086' }),
    ...nic('wlp3s0', 3, { uevent: 'DEVTYPE=wlan\nINTERFACE=wlp3s0', 'device/vendor': '0x8086' }),
    ...nic('wg0', 4, {
      type: '65534',
      uevent: 'DEVTYPE=wireguard',
      operstate: 'unknown',
      mtu: '1420',
      address: '',
    }),
    ...nic('docker0', 5, { uevent: 'DEVTYPE=bridge', operstate: 'down' }),
    ...nic('veth12', 6, {}),
    ...nic('tun0', 7, {
      type: '65534',
      tun_flags: '0x1001',
      operstate: 'unknown',
      flags: '0x10d1',
      address: '',
    }),
    '/sys/class/net/bonding_masters/x': '',
    '/proc/net/dev':
      'Inter-|   Receive\n face |bytes\n' +
      ['lo', 'eth0', 'wlp3s0', 'wg0', 'docker0', 'veth12', 'tun0']
        .map(name => `${name.padStart(6)}: 0 0\n`)
        .join(''),
    '/proc/net/route':
      'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n' +
      'wlp3s0\t00000000\t0100000A\t0003\t0\t0\t600\t00000000\t0\t0\t0\n' +
      'eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n' +
      'eth0\t00000000\t00000000\t0200\t0\t0\t10\t00000000\t0\t0\t0\n' +
      'eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n',
    '/proc/net/ipv6_route':
      'fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n' +
      '00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe80000000000000000000000000abcd 00000400 00000002 00000000 00000003     wlp3s0\n' +
      '00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n',
    '/proc/net/if_inet6':
      '20010db8000000000000000000000003 03 40 00 20 wlp3s0\n' +
      '20010db8000000000000000000000004 03 40 00 01 wlp3s0\n' +
      'fe8000000000000000fc00fffe000001 02 40 20 80     eth0\n',
  },
  addresses: {
    lo: ['127.0.0.1/8', '::1/128'],
    eth0: ['192.168.1.20/24', '10.9.0.4/16', 'fe80::fc:ff:fe00:1/64'],
    wlp3s0: ['10.0.0.7/24', '2606:4700::3/64', '2606:4700::4/64', 'fd00::7/64'],
    wg0: ['100.64.0.9/32'],
    docker0: ['172.17.0.1/16'],
  },
}

export const laptop: Machine = recorded(laptopParts)

/** The same without the Ethernet cable. */
export const unplugged: Machine = recorded({
  ...laptopParts,
  files: {
    ...laptopParts.files,
    '/sys/class/net/eth0/operstate': 'down\n',
    '/proc/net/route': (laptopParts.files?.['/proc/net/route'] ?? '').replace(/^eth0.*\n/gm, ''),
  },
  addresses: { ...laptopParts.addresses, eth0: [] },
})
