// What is true of a product at the moment of a request, for answers about its devices.

import type { DeviceContext } from '../../reports/device-json.ts';
import type { ApiContext } from '../ports.ts';

/** What devices of a product are described by. */
export function describeNow({ gateway, clock }: ApiContext, product: string): DeviceContext {
  const moment = gateway.momentOf(product);
  return {
    policy: gateway.policyOf(product),
    listened: moment?.listened ?? 0,
    now: moment?.at ?? clock.now(),
  };
}
