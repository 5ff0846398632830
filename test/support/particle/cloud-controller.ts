// The real controller over a fake of Particle's cloud, in virtual time: revisions are committed as YAML, minutes pass at
// once, and each minute ends with a round of the driver and a pass.

import type { FleetDriver } from '../../../controller/fleets/driver.ts';
import type { Controller, ProductView } from '../../../controller/reconciler/controller.ts';
import { createController } from '../../../controller/reconciler/create-controller.ts';
import { createRevisionLoader } from '../../../controller/reconciler/revision-loader.ts';
import type { Event } from '../../../controller/model/event.ts';
import { buildProductFirmware } from '../../../controller/simulator/particle/devices.ts';
import { createTestSource } from '../controller.ts';
import type { ManagedCloud, ManagedOptions } from './managed-cloud.ts';
import { digestOf, SLUG, startManagedCloud } from './managed-cloud.ts';

export interface CloudController {
  readonly managed: ManagedCloud;
  readonly controller: Controller;
  /** Commits manifests beside the product and the firmware named, and goes to them. */
  commit(words: CommitWords): Promise<void>;
  /** Commits these files, and goes to them. */
  commitFiles(files: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
  /** Lets minutes pass, each with a round and a pass. */
  minutes(count: number): Promise<void>;
  view(): ProductView;
  /** Reasons of refusals and warnings that stand now. */
  reasons(): readonly string[];
  events(type: string): Promise<readonly Event[]>;
  close(): Promise<void>;
}

export interface CommitWords {
  readonly firmware: readonly number[];
  /** Of the Product's `spec`, besides the fleet. */
  readonly product?: string;
  /** Of the fleet, besides driver and product. */
  readonly fleet?: string;
  /** Further documents: kind, name and spec, in flow style without the product. */
  readonly documents?: readonly (readonly [kind: string, name: string, spec: string])[];
}

export async function startCloudController(
  options: ManagedOptions = {},
  /** Beside that of Particle. */
  others: (managed: ManagedCloud) => readonly FleetDriver[] = () => [],
): Promise<CloudController> {
  const managed = await startManagedCloud(options);
  const { cloud, store, binaries, driver, clock } = managed;
  const source = createTestSource();
  const lines: string[] = [];
  const note = (line: string): void => void lines.push(line);
  const controller = createController(
    {
      store,
      binaries,
      source,
      loader: createRevisionLoader({
        openUrl: () => Promise.reject(new Error('no URLs here')),
        knownBinary: (sha256) => binaries.facts(sha256),
      }),
      drivers: new Map([driver, ...others(managed)].map((each) => [each.name, each])),
      openUrl: () => Promise.reject(new Error('no URLs here')),
      clock,
      log: { info: note, warn: note },
    },
    { adopt: true, intervalMs: 60_000, followSource: false, random: () => 0 },
  );
  const restored = await controller.restore();
  if (!restored.ok) throw new Error(restored.error.message);

  const sync = async (): Promise<void> => {
    const made = await controller.sync({});
    if (!made.ok) throw new Error(made.error.message);
  };
  const world: CloudController = {
    managed,
    controller,
    async commit({ firmware, product = '', fleet = '', documents = [] }) {
      const files: Record<string, string | Buffer> = {};
      const texts = [
        documentOf(
          'Product',
          'thermostat',
          `platform: argon, fleet: { driver: particle, product: ${SLUG}${fleet} }${product}`,
        ),
      ];
      for (const version of firmware) {
        const content = Buffer.from(
          cloud.product.firmware.get(version)?.bytes ??
            buildProductFirmware(cloud.product, version),
        );
        files[`firmware/${version}.bin`] = content;
        texts.push(
          documentOf(
            'Firmware',
            `thermostat-${version}`,
            `product: thermostat, version: ${version}, binary: { path: firmware/${version}.bin, sha256: ${digestOf(content)} }`,
          ),
        );
      }
      for (const [kind, name, spec] of documents) {
        texts.push(documentOf(kind, name, `product: thermostat, ${spec}`));
      }
      files['fleet.yaml'] = texts.join('---\n');
      await world.commitFiles(files);
    },
    async commitFiles(files) {
      source.commit(files);
      await sync();
    },
    async minutes(count) {
      for (let minute = 0; minute < count; minute += 1) {
        cloud.advance(60_000);
        await driver.round('thermostat');
        await sync();
      }
    },
    view() {
      const view = controller.view().products.find((each) => each.product === 'thermostat');
      if (view === undefined) throw new Error('no product');
      return view;
    },
    reasons() {
      const { plan } = world.view();
      return [...(plan?.refusals ?? []), ...(plan?.warnings ?? [])]
        .map(({ reason }) => reason)
        .sort();
    },
    events: async (type) => (await store.events({ type, limit: 1_000 })).toReversed(),
    async close() {
      await controller.close();
      await managed.close();
    },
  };
  return world;
}

function documentOf(kind: string, name: string, spec: string): string {
  return `apiVersion: lockstep/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: { ${spec} }\n`;
}
