// What is looked at once before a product is touched: that the token works and what it may not do, that the product is
// there and is built for the platform that the manifest names, and that the two clocks agree.

import type { Failure } from '../../base/failure.ts';
import { failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import { particlePlatformName, PLATFORM_ALIASES } from '../../firmware/particle-platforms.ts';
import type { Client } from './client.ts';

/** Nothing works without these. */
const SCOPES_NEEDED = [
  'products:get',
  'devices:list',
  'devices:get',
  'devices:update',
  'firmware:list',
  'firmware:get',
  'firmware:create',
  'firmware:release',
  'firmware.binary:get',
  'events:get',
] as const;

/** Without them nothing is released to groups, nor in steps. */
const SCOPES_FOR_GROUPS = ['groups:list', 'groups:create'] as const;

/** Without it groups are emptied, not deleted. */
const SCOPE_TO_DELETE = 'groups:remove';

/** A larger difference between the clocks is told. */
const SKEW_MAX_MS = 60_000;

export interface SelfCheck {
  readonly mayDelete: boolean;
  readonly mayListGroups: boolean;
  /** Scopes without which groups can't be used. */
  readonly lacking: readonly string[];
  /** Sentences for people. */
  readonly warnings: readonly string[];
}

export async function checkProduct(
  client: Client,
  product: string,
  /** As the manifest names it; null: it names none. */
  platform: string | null,
): Promise<Result<SelfCheck, Failure>> {
  const scopes = await client.scopes();
  if (!scopes.ok) return scopes;
  const holds = holderOf(scopes.value);
  const lacking = lackOf(scopes.value, SCOPES_NEEDED);
  if (lacking !== null) return fail(lacking);
  const found = await client.product(product);
  if (!found.ok) return found;
  const { platformId } = found.value;
  const theirs = platformId === null ? null : particlePlatformName(platformId);
  const ours = platform === null ? null : (PLATFORM_ALIASES[platform] ?? platform);
  if (ours !== null && theirs !== null && ours !== theirs) {
    return fail(
      failure(
        'ParticlePlatformDiffers',
        `Particle's product ${product} is of platform ${theirs}, and the manifest names ${ours}: correct \`platform\` or \`fleet.product\`.`,
        'stall',
      ),
    );
  }
  const skewMs = client.skewMs();
  const warnings: string[] = [];
  if (skewMs !== null && Math.abs(skewMs) > SKEW_MAX_MS) {
    const side = skewMs > 0 ? 'behind' : 'ahead of';
    warnings.push(
      `This machine's clock is ${Math.round(Math.abs(skewMs) / 1_000)} s ${side} Particle's: set it right.`,
    );
  }
  const lackingForGroups = SCOPES_FOR_GROUPS.filter((scope) => !holds(scope));
  if (lackingForGroups.length > 0) {
    warnings.push(
      `The token lacks ${lackingForGroups.join(' and ')}: only releases to everyone at once are possible.`,
    );
  } else if (!holds(SCOPE_TO_DELETE)) {
    warnings.push(
      `The token lacks the scope ${SCOPE_TO_DELETE}: reserved groups are emptied, not deleted.`,
    );
  }
  return ok({
    mayDelete: holds(SCOPE_TO_DELETE),
    mayListGroups: holds('groups:list'),
    lacking: lackingForGroups,
    warnings,
  });
}

/** Why a token can't be used that lacks some of the scopes; null where it holds all. `held` is null where nothing is told. */
export function lackOf(held: readonly string[] | null, needed: readonly string[]): Failure | null {
  const holds = holderOf(held);
  const missing = needed.filter((scope) => !holds(scope));
  if (missing.length === 0) return null;
  const [noun, them] = missing.length === 1 ? ['scope', 'it'] : ['scopes', 'them'];
  return failure(
    'ParticleScopesMissing',
    `The token lacks the ${noun} ${missing.join(', ')}: add ${them} to the API user, and set the new token that this makes as LOCKSTEP_PARTICLE_TOKEN.`,
    'stall',
  );
}

/** A token of a person has no list of scopes, or one that holds everything. */
function holderOf(held: readonly string[] | null): (scope: string) => boolean {
  return (scope) =>
    held === null || held.length === 0 || held.includes(scope) || held.includes('*:*');
}
