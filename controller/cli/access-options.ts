// From the settings of `access` to the reverse proxy that is believed who somebody is. A mistake here would let strangers
// in, so nothing is guessed.

import { isNetwork, type ProxyTrust } from '../server/proxy-trust.ts';
import type { AccessSettings } from './settings-file.ts';

/** Headers that every browser or proxy may set, or that mean something else here. */
const NOT_TRUSTED: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'host',
  'origin',
  'user-agent',
]);

/** The proxy; null where there is none. What is wrong with the settings is added to `mistakes`. */
export function settleAccess(
  access: AccessSettings | undefined,
  mistakes: string[],
): ProxyTrust | null {
  if (access === undefined) return null;
  const { deployers, from } = access;
  const userHeader = access.userHeader.toLowerCase();
  const rolesHeader = access.rolesHeader?.toLowerCase() ?? null;
  for (const [setting, header] of Object.entries({ userHeader, rolesHeader })) {
    if (header !== null && NOT_TRUSTED.has(header)) {
      mistakes.push(
        `\`access.${setting}\` is ${header}, which any browser sends: name one that only the proxy sets.`,
      );
    }
  }
  if (rolesHeader !== null && deployers !== undefined) {
    mistakes.push('`access` has both `rolesHeader` and `deployers`: keep one of them.');
  }
  for (const [index, text] of from.entries()) {
    if (isNetwork(text)) continue;
    mistakes.push(
      `\`access.from.${index}\` is ${JSON.stringify(text)}: give the proxy's address, or a network such as 10.1.0.0/16.`,
    );
  }
  return { userHeader, rolesHeader, deployers: deployers ?? [], from };
}
