// What a device says of itself in safe mode: its modules, with the checks that each has passed.

import type { Device } from './world.ts';

const CHECKS_ALL = 30;
/** All but the dependencies. */
const CHECKS_WITHOUT_DEPENDENCIES = 26;

/** The data of `spark/status/safe-mode`. */
export function describeSafeMode(device: Device): string {
  const { image, system, platformId } = device;
  return JSON.stringify({
    p: platformId,
    m: [
      { s: 49_152, l: 'm', vc: CHECKS_ALL, vv: CHECKS_ALL, f: 'b', n: '0', v: 2001, d: [] },
      { s: 671_744, l: 'm', vc: CHECKS_ALL, vv: CHECKS_ALL, f: 's', n: '1', v: system, d: [] },
      {
        s: image?.size ?? 0,
        l: 'm',
        vc: CHECKS_ALL,
        vv: CHECKS_WITHOUT_DEPENDENCIES,
        u: image?.appHash ?? '',
        f: 'u',
        n: '1',
        v: 6,
        d: [{ f: 's', n: '1', v: image?.systemDependency ?? 0 }],
      },
    ],
  });
}
