// The products as the controller holds them in memory: the record that the state has, and what the last pass saw.

import type { Desired } from '../model/desired.ts';
import { emptyDesired } from '../model/desired.ts';
import type { LiveState } from '../model/live.ts';
import type { ProductPlan } from '../model/plan.ts';
import type { FleetDriver } from '../fleets/driver.ts';
import { createSerial } from '../sources/serial.ts';
import type { ProductRecord } from '../stores/store.ts';
import type { ProductView } from './controller.ts';

export interface HeldProduct {
  /** As it is in the state. */
  readonly record: ProductRecord;
  /** The driver answers by `record`; false: it has to be told (again). */
  readonly enforced: boolean;
  /** Null before the first pass, and while the fleet cannot be reached. */
  readonly live: LiveState | null;
  readonly plan: ProductPlan | null;
  /** What the last pass refused, as `refusedKey`s; null: not known since the start. */
  readonly told: ReadonlySet<string> | null;
}

export interface HeldProducts {
  get(product: string): HeldProduct | undefined;
  /** Changes what is held; a product that is new starts with an unsaved record. */
  change(product: string, change: Partial<HeldProduct>): void;
  /** Sorted. */
  names(): readonly string[];
  /** The record of a product; a new, unsaved one where nothing is known of it. */
  recordOf(product: string): ProductRecord;
  /**
   * Whatever writes a product's record goes through here, one after the other, reads the record inside and holds the
   * new one before it ends: the emergency stop does not wait for a pass, and neither undoes the other.
   */
  inTurn<T>(product: string, work: () => Promise<T>): Promise<T>;
  inForce(): ReadonlyMap<string, Desired>;
  views(): readonly ProductView[];
}

/** Creates an empty collection. */
export function createHeldProducts(): HeldProducts {
  const held = new Map<string, HeldProduct>();
  const turns = new Map<string, ReturnType<typeof createSerial>>();
  return {
    get: (product) => held.get(product),
    change(product, change) {
      held.set(product, { ...(held.get(product) ?? newProduct(product)), ...change });
    },
    names: () => [...held.keys()].sort(),
    recordOf: (product) => held.get(product)?.record ?? newProduct(product).record,
    inTurn(product, work) {
      const turn = turns.get(product) ?? createSerial();
      turns.set(product, turn);
      return turn(work);
    },
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

function newProduct(product: string): HeldProduct {
  const record = {
    name: product,
    adoptedAt: null,
    stoppedAt: null,
    inForce: emptyDesired(product),
    revision: null,
    listenedMs: 0,
    conditions: [],
  };
  // There is nothing in force that a driver would have to be told.
  return { record, enforced: true, live: null, plan: null, told: null };
}
