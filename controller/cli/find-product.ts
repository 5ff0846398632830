// Which product a device belongs to, where nobody says.

import { failure, type Failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { DeviceJson, ProductSummaryJson } from '../reports/answers.ts';
import { type ApiClient, apiPath } from './api-client.ts';

/** The names of all products, sorted. */
export async function listProducts(client: ApiClient): Promise<Result<readonly string[], Failure>> {
  const answer = await client.get<{ readonly items: readonly ProductSummaryJson[] }>('products');
  if (!answer.ok) return answer;
  return ok(answer.value.items.map(({ product }) => product));
}

/**
 * The product to look under: the one that is named, the only one there is, or the only one that knows the device. Fails
 * where that leaves none or several.
 */
export async function findProduct(
  client: ApiClient,
  device: string,
  named: string | undefined,
): Promise<Result<string, Failure>> {
  if (named !== undefined) return ok(named);
  const products = await listProducts(client);
  if (!products.ok) return products;
  const [only, ...others] = products.value;
  if (only === undefined) {
    const message = 'No product is known there yet, and so no device.';
    return fail(failure('UnknownProduct', message, 'stall'));
  }
  if (others.length === 0) return ok(only);
  const found: string[] = [];
  for (const product of products.value) {
    const answer = await client.get<DeviceJson>(apiPath('products', product, 'devices', device));
    if (answer.ok) found.push(product);
    else if (!answer.error.code.startsWith('Unknown')) return answer;
  }
  const [first] = found;
  if (first !== undefined && found.length === 1) return ok(first);
  const where = found.length === 0 ? 'No product knows' : `${found.join(' and ')} know`;
  const remedy = `Name the product with --product; there are ${products.value.join(', ')}.`;
  return fail(
    failure('UnknownDevice', `${where} the device ${JSON.stringify(device)}. ${remedy}`, 'stall'),
  );
}
