// What a simulated fleet is made of: the options with their defaults, and what follows from them for each device. The
// fleet itself is in `fleet.ts`.

import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { AttributeShare } from './attribute-share.ts';
import type { BadVersion } from './bad-version.ts';
import { STYLES } from './client-style.ts';
import type { ClientStyle } from './client-style.ts';
import type { DeviceSettings } from './device-state.ts';
import type { FaultShares } from './faults.ts';
import type { Timers } from './timers.ts';

/** Credentials: one for all devices, one each (a device without one sends none), or none. */
export type SimulatedAuth =
  | { readonly gatewayToken: string }
  | { readonly targetTokens: Readonly<Record<string, string>> }
  | null;

/** What to simulate. Times are milliseconds. */
export interface SimulatedFleetOptions {
  /** Absolute http or https URL of the server, without the tenant. */
  readonly server: string;
  /** The product whose devices they are: the tenant in the URL. */
  readonly product: string;
  /** How many, or the ids themselves. */
  readonly devices: number | readonly string[];
  /** Before the number of a device that is not named by its id. Default: `sim-`. */
  readonly prefix?: string;
  /** What every device runs at first. */
  readonly version: string;
  readonly auth: SimulatedAuth;
  /** Default: `fw_version`. */
  readonly versionAttribute?: string;
  /** Attribute for the boot counter; null, the default: none is sent. */
  readonly bootAttribute?: string | null;
  /** Further attributes, the same for every device. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Attributes that only a share of the devices has; they go before `attributes`. */
  readonly attributeShares?: readonly AttributeShare[];
  /** Whether attributes are sent at every boot, unasked. Default: as the client of the style does. */
  readonly attributesAtBoot?: boolean;
  /** Default: `rauc`. */
  readonly style?: ClientStyle;
  readonly faults?: FaultShares;
  /** Versions that fail on a share of the devices. */
  readonly badVersions?: readonly BadVersion[];
  /** Devices on which no version is bad, such as those of a bench. Default: none. */
  readonly spared?: readonly string[];
  /** Default: 2 s. */
  readonly installMs?: number;
  /** Default: 3 s. */
  readonly rebootMs?: number;
  /** Poll interval instead of the one that the server asks for. */
  readonly pollOverrideMs?: number;
  /** First wait before a broken download goes on. Default: 1 s. */
  readonly resumeMs?: number;
  /** Speed of a slow link. Default: 2048. */
  readonly slowLinkBytesPerSecond?: number;
  /** How long the new version runs before a device falls back. Default: 30 s. */
  readonly fallBackMs?: number;
  /** Sockets, at least 3: half are for downloads, so that these never hold up the polls. Default: 64. */
  readonly concurrency?: number;
  /** Devices that boot per second at the start. Default: 1000. */
  readonly bootsPerSecond?: number;
  /** How long a request may take without an answer. Default: 15 s. */
  readonly timeoutMs?: number;
  /** Decides which devices have which fault, and all jitter. Default: 1. */
  readonly seed?: number;
  readonly clock?: Clock;
  readonly timers?: Timers;
}

/** The settings of every device, defaults filled in. A server that is no absolute URL is a bug of the caller. */
export function resolveSettings(options: SimulatedFleetOptions): DeviceSettings {
  assert(URL.canParse(options.server), 'the server of a simulated fleet is an absolute URL');
  const style = options.style ?? 'rauc';
  const traits = STYLES[style];
  return {
    server: options.server.replace(/\/+$/, ''),
    style,
    traits,
    versionAttribute: options.versionAttribute ?? 'fw_version',
    bootAttribute: options.bootAttribute ?? null,
    attributes: options.attributes ?? {},
    attributesAtBoot: options.attributesAtBoot ?? traits.attributesAtBoot,
    installMs: options.installMs ?? 2_000,
    rebootMs: options.rebootMs ?? 3_000,
    pollOverrideMs: options.pollOverrideMs ?? null,
    resumeMs: options.resumeMs ?? 1_000,
    slowLinkBytesPerSecond: options.slowLinkBytesPerSecond ?? 2_048,
    fallBackMs: options.fallBackMs ?? 30_000,
  };
}

/** The ids of the devices, without repetitions. */
export function listIds(options: SimulatedFleetOptions): readonly string[] {
  if (typeof options.devices !== 'number') return [...new Set(options.devices)];
  const prefix = options.prefix ?? 'sim-';
  // The ids of a smaller fleet are among those of a larger one.
  return Array.from(
    { length: options.devices },
    (_, index) => prefix + String(index + 1).padStart(5, '0'),
  );
}

/** The headers of a device's request, its credentials included. */
export function buildHeaders(
  auth: SimulatedAuth,
  settings: DeviceSettings,
  id: string,
  hasBody: boolean,
): Readonly<Record<string, string>> {
  const { accept, contentType, userAgent } = settings.traits;
  const headers: Record<string, string> = { accept, 'user-agent': userAgent };
  if (hasBody) headers['content-type'] = contentType;
  if (auth === null) return headers;
  if ('gatewayToken' in auth) headers['authorization'] = `GatewayToken ${auth.gatewayToken}`;
  const token = 'targetTokens' in auth ? auth.targetTokens[id] : undefined;
  if (token !== undefined) headers['authorization'] = `TargetToken ${token}`;
  return headers;
}

/** How the sockets are shared out; each share is at least one, and slow links get some only where there are any. */
export function divideSockets(options: SimulatedFleetOptions): {
  readonly exchanges: number;
  readonly downloads: number;
  readonly slowDownloads: number;
} {
  const total = Math.max(3, Math.floor(options.concurrency ?? 64));
  const forDownloads = Math.max(2, Math.floor(total / 2));
  const hasSlowLinks = (options.faults?.['slow-link'] ?? 0) > 0;
  const slowDownloads = hasSlowLinks ? Math.ceil(forDownloads / 3) : 1;
  return {
    exchanges: total - forDownloads,
    downloads: forDownloads - slowDownloads,
    slowDownloads,
  };
}
