// How simulated devices behave, and all the ways in which an update goes wrong.

export interface Behaviour {
  /** How long `online` stays true after the device has vanished; null: as long as its platform has it. */
  offlineNoticeMs: number | null;
  /** Sleeps and wakes in turns, with a new session at each wake. */
  sleep: { readonly awakeMs: number; readonly asleepMs: number } | null;
  /** Opens a new session about so often; null: only when something makes it. */
  reconnectEveryMs: number | null;
}

export const STEADY: Behaviour = { offlineNoticeMs: null, sleep: null, reconnectEveryMs: null };

export type Fault =
  /** The transfer breaks off; the device keeps what it has and reconnects. */
  | { readonly kind: 'transfer-fails' }
  /** The file is delivered, and the device is not heard of again. */
  | { readonly kind: 'never-returns' }
  /** The file is delivered, and the device comes back with what it had. */
  | { readonly kind: 'returns-with-old' }
  /** Boots the new version, reports it, and panics `afterMs` (20 s) later, `times` times; default: for ever. */
  | { readonly kind: 'panics'; readonly afterMs?: number; readonly times?: number };

/** Which updates a fault strikes. Those to come, not those under way. */
export interface FaultRule {
  readonly fault: Fault;
  /** Ids; default: every device. */
  readonly devices: ReadonlySet<string> | null;
  /** The filed version that is sent; default: any. */
  readonly version: number | null;
  left: number;
}

export const PANIC_AFTER_MS = 20_000;

const MINUTE_MS = 60_000;
const CELLULAR_PLATFORMS: readonly number[] = [10, 13, 23, 25, 26, 28, 35, 37];
const CELLULAR_KEEP_ALIVE_MS = 23 * MINUTE_MS;
const WIFI_KEEP_ALIVE_MS = 25_000;

export function isCellular(platformId: number): boolean {
  return CELLULAR_PLATFORMS.includes(platformId);
}

export function keepAliveMs(platformId: number): number {
  return isCellular(platformId) ? CELLULAR_KEEP_ALIVE_MS : WIFI_KEEP_ALIVE_MS;
}

/** Two missed keep-alives close a session. */
export function offlineNoticeMs(behaviour: Behaviour, platformId: number): number {
  return behaviour.offlineNoticeMs ?? 2 * keepAliveMs(platformId);
}
