// A reverse proxy that signs people in, as settings describe it: which header names them, and from where it is believed.

import { BlockList, isIP } from 'node:net';

import type { ProxyRules } from './access.ts';

/** Headers are in lower case. */
export interface ProxyTrust {
  /** Header that names the person. */
  readonly userHeader: string;
  /** Header that names their roles; null: `deployers` says who is what. */
  readonly rolesHeader: string | null;
  /** Deployers by name; everyone else whom the proxy names is a viewer. Nobody's business where roles have a header. */
  readonly deployers: readonly string[];
  /** Addresses and networks (`10.0.0.0/8`) that the proxy's requests come from. */
  readonly from: readonly string[];
}

/** Whether a text is an address, or a network that is less than everything. */
export function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128);
}

/** The rules that follow from it. Every text in `from` has to be an address or a network. */
export function createProxyRules({ rolesHeader, deployers, from }: ProxyTrust): ProxyRules {
  const networks = new BlockList();
  for (const text of from) {
    const [address = '', prefix] = text.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) networks.addAddress(address, family);
    else networks.addSubnet(address, Number(prefix), family);
  }
  return {
    isFrom(address) {
      // A socket that takes both kinds names addresses of the older one in the form of the newer.
      const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
      const family = isIP(plain);
      return family !== 0 && networks.check(plain, family === 4 ? 'ipv4' : 'ipv6');
    },
    deployers: rolesHeader === null ? new Set(deployers) : null,
  };
}
