// Which addresses are on the public Internet: everything that is reserved, private, local or a way around is not.

import { BlockList, isIP } from 'node:net';

/** By the IANA registries of special-purpose addresses, with multicast. */
const NOT_PUBLIC: Readonly<Record<'ipv4' | 'ipv6', readonly string[]>> = {
  ipv4: [
    '0.0.0.0/8',
    '10.0.0.0/8',
    '100.64.0.0/10',
    '127.0.0.0/8',
    '169.254.0.0/16',
    '172.16.0.0/12',
    '192.0.0.0/24',
    '192.0.2.0/24',
    '192.88.99.0/24',
    '192.168.0.0/16',
    '198.18.0.0/15',
    '198.51.100.0/24',
    '203.0.113.0/24',
    '224.0.0.0/4',
    '240.0.0.0/4',
  ],
  // Inside 2000::/3, the only part that is given out: protocols of their own (with Teredo), documentation, 6to4.
  ipv6: ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
};

const blocked = new BlockList();
for (const family of ['ipv4', 'ipv6'] as const) {
  for (const range of NOT_PUBLIC[family]) addRange(blocked, range, family);
}
const given = new BlockList();
addRange(given, '2000::/3', 'ipv6');
const mapped = new BlockList();
addRange(mapped, '::ffff:0:0/96', 'ipv6');

/**
 * Whether an address in its text form is public. An IPv6 address that only wraps an IPv4 address is what that one is;
 * with a zone, or as anything else than an address, it is not.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !blocked.check(address, 'ipv4');
  if (family !== 6 || address.includes('%')) return false;
  const isGiven = given.check(address, 'ipv6') || mapped.check(address, 'ipv6');
  // The list looks into wrapped addresses by itself.
  return isGiven && !blocked.check(address, 'ipv6');
}

function addRange(list: BlockList, range: string, family: 'ipv4' | 'ipv6'): void {
  const [start = '', bits] = range.split('/');
  list.addSubnet(start, Number(bits), family);
}
