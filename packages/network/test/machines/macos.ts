/** A MacBook on Wi-Fi with a VPN. Written by hand from the formats that ifconfig(8), netstat(1) and networksetup(8) document; not recorded. */
import type { Machine } from '../../src/index.ts'
import { recorded } from './machine.ts'

export const macbook: Machine = recorded({
  platform: 'darwin',
  output: {
    'ifconfig -a': `lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384
\toptions=1203<RXCSUM,TXCSUM,TXSTATUS,SW_TIMESTAMP>
\tinet 127.0.0.1 netmask 0xff000000
en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tether 3c:22:fb:00:00:01
\tinet 192.168.1.30 netmask 0xffffff00 broadcast 192.168.1.255
\tmedia: autoselect
\tstatus: active
en5: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tether 3c:22:fb:00:00:05
\tmedia: none
\tstatus: inactive
bridge0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tether 36:00:00:00:00:00
\tstatus: inactive
awdl0: flags=8943<UP,BROADCAST,RUNNING,PROMISC,SIMPLEX,MULTICAST> mtu 1484
\tether ae:00:00:00:00:01
\tstatus: active
utun3: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1380
\tinet 100.64.0.5 --> 100.64.0.5 netmask 0xffffffff
`,
    'netstat -rn -f inet6': `Routing tables

Internet6:
Destination                             Gateway                         Flags         Netif Expire
default                                 fe80::%utun3                    UGcIg         utun3
default                                 fe80::1%en0                     UGcg            en0
::1                                     ::1                             UHL             lo0
`,
    'netstat -rn -f inet': `Routing tables

Internet:
Destination        Gateway            Flags           Netif Expire
default            192.168.1.1        UGScg             en0
default            link#12            UCSIg           utun3
127                127.0.0.1          UCS               lo0
192.168.1          link#6             UCS               en0      !
`,
    'networksetup -listallhardwareports': `
Hardware Port: Wi-Fi
Device: en0
Ethernet Address: 3c:22:fb:00:00:01

Hardware Port: USB 10/100/1000 LAN
Device: en5
Ethernet Address: 3c:22:fb:00:00:05

Hardware Port: Thunderbolt Bridge
Device: bridge0
Ethernet Address: 36:00:00:00:00:00
`,
  },
  addresses: {
    lo0: ['127.0.0.1/8', '::1/128'],
    en0: ['fe80::1c00:1/64', '192.168.1.30/24', '2606:4700::30/64'],
    utun3: ['100.64.0.5/32'],
  },
})
