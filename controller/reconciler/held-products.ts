// The products as the controller holds them in memory: the record that the state has, and what the last pass saw.

import type { Desired } from '../model/desired.ts';
import { emptyDesired } from '../model/desired.ts';
import type { LiveState } from '../model/live.ts';
import type { ProductPlan } from '../model/plan.ts';
import type { FleetDriver } from '../fleets/driver.ts';
import type { ProductRecord } from '../stores/store.ts';
import type { ProductView } from './controller.ts';

export interface HeldProduct {
  readonly record: ProductRecord;
  /** Null before the first pass, and while the fleet cannot be reached. */
  readonly live: LiveState | null;
  readonly plan: ProductPlan | null;
}

export interface HeldProducts {
  get(product: string): HeldProduct | undefined;
  set(product: string, held: HeldProduct): void;
  /** Sorted. */
  names(): readonly string[];
  /** The record of a product; a new, unsaved one where nothing is known of it. */
  recordOf(product: string): ProductRecord;
  inForce(): ReadonlyMap<string, Desired>;
  views(): readonly ProductView[];
}

/** Creates an empty collection. */
export function createHeldProducts(): HeldProducts {
  const held = new Map<string, HeldProduct>();
  return {
    get: (product) => held.get(product),
    set: (product, value) => void held.set(product, value),
    names: () => [...held.keys()].sort(),
    recordOf: (product) => held.get(product)?.record ?? newRecord(product),
    inForce: () => new Map([...held].map(([product, { record }]) => [product, record.inForce])),
    views: () => [...held.values()].map(viewOf).sort((a, b) => (a.product < b.product ? -1 : 1)),
  };
}

/** The driver that carries a product: the one its manifest asks for, else the one in force; null where neither is. */
export function driverOf(
  drivers: ReadonlyMap<string, FleetDriver>,
  desired: Desired | null,
  inForce: Desired,
): FleetDriver | null {
  const name = desired?.config?.spec.fleet.driver ?? inForce.config?.spec.fleet.driver;
  return name === undefined ? null : (drivers.get(name) ?? null);
}

function viewOf({ record, live, plan }: HeldProduct): ProductView {
  const { name, revision, inForce, conditions, stoppedAt, adoptedAt } = record;
  return { product: name, revision, inForce, live, plan, conditions, stoppedAt, adoptedAt };
}

function newRecord(product: string): ProductRecord {
  return {
    name: product,
    adoptedAt: null,
    stoppedAt: null,
    inForce: emptyDesired(product),
    revision: null,
    listenedMs: 0,
    conditions: [],
  };
}
