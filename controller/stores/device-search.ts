// Searching the devices of a product, as a part of the store interface: any filters together, in any order, page by page
// in bounded time. What no store can tell by itself is asked of each device.

import type { DeviceSighting, ListenedMs, Standing } from '../model/device.ts';

/** Orders of devices. Equal ones are ordered by id, which is compared by code points. */
export const DEVICE_ORDERS = ['id', 'version', 'registration'] as const;

export type DeviceOrder = (typeof DEVICE_ORDERS)[number];

/** What a device has by itself. All that is given has to hold. */
export interface DeviceProperties {
  readonly idPrefix?: string;
  /** Running version; `null` asks for devices whose version is unknown. */
  readonly running?: number | null;
  readonly locked?: boolean;
  readonly standing?: Standing;
  readonly failing?: boolean;
  /** An action is open. */
  readonly updating?: boolean;
}

/** All that is given has to hold. */
export interface DeviceFilter extends DeviceProperties {
  /** Whether the last contact lies less than `withinMs` of listening time before `listened`. */
  readonly heard?: {
    readonly listened: ListenedMs;
    readonly withinMs: number;
    readonly is: boolean;
  };
  /** Values that the traits have. */
  readonly traits?: Readonly<Record<string, string>>;
  /** Only these devices. */
  readonly ids?: readonly string[];
  /** Only devices for which one of these holds; given where `accepts` accepts no others. */
  readonly among?: Suspects;
  /** The last word on each device. It is costly: what can be said in another way is said there as well. */
  readonly accepts?: (sighting: DeviceSighting) => boolean;
}

/** Devices that run one of the versions (`null`: unknown), have a lock, or are named. */
export interface Suspects {
  readonly versions: readonly (number | null)[];
  readonly ids: readonly string[];
}

/** Where a device stands in an order. */
export interface DevicePlace {
  /** By version: that it runs, 0 for an unknown one. By registration: epoch milliseconds, 0 before it. By id: 0. */
  readonly value: number;
  readonly id: string;
}

export interface DeviceSearch {
  readonly product: string;
  readonly filter: DeviceFilter;
  /** Unknown versions come before all others, and so do devices that never made contact. */
  readonly order: DeviceOrder;
  readonly descending: boolean;
  /** Only devices behind this place, whether a device stands there or not; null: from the start. */
  readonly after: DevicePlace | null;
  /** 1..1000. */
  readonly limit: number;
}

/**
 * Devices in the order asked for. A page takes bounded time whatever is asked for: where matches are too rare for that it
 * has fewer devices than `limit`, also none, and `next` all the same.
 */
export interface DevicePage {
  readonly sightings: readonly DeviceSighting[];
  /** Where to go on; null: there are no more. */
  readonly next: DevicePlace | null;
  /** How many devices match, over all pages; null where that is not known without looking at too many of them. */
  readonly total: number | null;
}
