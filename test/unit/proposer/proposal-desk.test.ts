// The proposal desk where a story cannot easily lead: many at once, changes of absurd size, a fleet that is away.

import { describe, expect, it } from 'vitest';

import { failure } from '../../../controller/base/failure.ts';
import { fail, ok } from '../../../controller/base/result.ts';
import type { Problem } from '../../../controller/model/problem.ts';
import type { Snapshot } from '../../../controller/model/revision.ts';
import type { DeskPorts } from '../../../controller/proposer/ports.ts';
import { createProposalDesk } from '../../../controller/proposer/proposal-desk.ts';
import { createRevisionLoader } from '../../../controller/reconciler/revision-loader.ts';
import { API_PLAN, apiPicture } from '../../support/api.ts';
import { fleetFiles } from '../../support/forge-world.ts';
import { memoryTree, type TreeContent } from '../../support/trees.ts';

type Content = Readonly<Record<string, TreeContent>>;
const FILES = fleetFiles([41], 41) as Content;
const WITHDRAW = {
  kind: 'withdraw',
  product: 'thermostat',
  version: 41,
  reason: 'bricks',
  url: null,
} as const;

function createDesk(files: Content = FILES, ports: Partial<DeskPorts> = {}) {
  const planned: Snapshot[] = [];
  const desk = createProposalDesk({
    readTree: async () => ok(memoryTree(files)),
    loader: createRevisionLoader(),
    controller: {
      plan: async (snapshot) => {
        if (snapshot !== null) planned.push(snapshot);
        const others = API_PLAN.products.map((each) => ({ ...each, product: 'pump' }));
        return ok({ ...API_PLAN, products: [...API_PLAN.products, ...others] });
      },
      view: () => apiPicture(),
    },
    forge: null,
    store: { addEvents: async () => undefined },
    clock: { now: () => 0, monotonicMs: () => 0 },
    log: { info: () => undefined, warn: () => undefined },
    ...ports,
  });
  return { desk, planned };
}

describe('a preview', () => {
  it('plans the changed manifests, with the binaries as they are', async () => {
    const { desk, planned } = createDesk();
    const shown = await desk.preview(WITHDRAW, 'someone');
    expect(shown.ok && shown.value.plan.ok && shown.value.plan.value.products).toEqual(
      API_PLAN.products,
    );
    const [snapshot] = planned;
    const firmware = snapshot?.products['thermostat']?.firmware ?? [];
    expect(firmware.map(({ spec }) => spec.withdrawn)).toEqual([{ reason: 'bricks', url: null }]);
    expect(Object.keys(snapshot?.binaries ?? {})).toEqual([firmware[0]?.spec.binary.sha256]);
    expect(snapshot?.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('tells only the problems that the change brings, and only those of the product', async () => {
    const loader = createRevisionLoader();
    const warn = (product: string, file: string): Problem => ({
      severity: 'warning',
      reason: 'BinaryNotChecked',
      message: 'It was not looked at.',
      remedy: 'Nothing to do.',
      place: { file, line: 1, column: 1 },
      excerpt: null,
      product,
    });
    const mine = warn('thermostat', 'new.yaml');
    const odd = { ...FILES, 'odd.yaml': 'apiVersion: lockstep/v1\nkind: Nonsense\n' };
    const { desk } = createDesk(odd, {
      loader: {
        ...loader,
        async load(tree, previous) {
          const loaded = await loader.load(tree, previous);
          if (!loaded.ok || tree.revision === 'r1') return loaded;
          const problems = [...loaded.value.problems, mine, warn('pump', 'pump.yaml')];
          return ok({ ...loaded.value, problems });
        },
      },
    });
    const shown = await desk.preview(WITHDRAW, 'someone');
    expect(shown.ok && shown.value.problems).toEqual([mine]);
  });

  it('is shown without a plan where none can be made', async () => {
    const away = failure('FleetUnreachable', 'The fleet is away.', 'retry');
    const { desk } = createDesk(FILES, {
      controller: { plan: async () => fail(away), view: () => apiPicture() },
    });
    const shown = await desk.preview(WITHDRAW, 'someone');
    expect(shown).toMatchObject({ ok: true, value: { plan: { ok: false, error: away } } });
  });

  it('of more text than a page can hold is refused', async () => {
    const lock = (name: string) => `apiVersion: lockstep/v1
kind: DeviceLock
metadata: { name: ${name} }
spec: { product: thermostat, devices: [d1], version: 41, flash: now }
${`# ${'x'.repeat(1_000)}\n`.repeat(1_000)}`;
    const locks = ['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}.yaml`, lock(name)] as const);
    const { desk } = createDesk({ ...FILES, ...Object.fromEntries(locks) });
    const request = { kind: 'unlock', product: 'thermostat', device: 'd1' } as const;
    const shown = await desk.preview(request, 'someone');
    expect(shown).toMatchObject({
      ok: false,
      error: { kind: 'refused', code: 'ProposalTooLarge' },
    });
  });

  it('tells why the source cannot be read', async () => {
    const gone = failure('SourceUnavailable', 'The remote did not answer.', 'retry');
    const { desk } = createDesk(FILES, { readTree: async () => fail(gone) });
    expect(await desk.preview(WITHDRAW, 'someone')).toEqual(
      fail({ kind: 'failed', failure: gone }),
    );
  });
});

describe('many at once', () => {
  it('are made one after the other, and those that would wait too long are sent away', async () => {
    let reading = 0;
    let most = 0;
    const { desk } = createDesk(FILES, {
      readTree: async () => {
        reading += 1;
        most = Math.max(most, reading);
        await Promise.resolve();
        reading -= 1;
        return ok(memoryTree(FILES));
      },
    });
    const all = await Promise.all(
      Array.from({ length: 20 }, () => desk.preview(WITHDRAW, 'someone')),
    );
    const codes = all.map((each) =>
      each.ok ? 'shown' : each.error.kind === 'failed' ? each.error.failure.code : each.error.kind,
    );
    expect(codes.filter((code) => code === 'shown')).toHaveLength(16);
    expect(codes.filter((code) => code === 'ProposalsBusy')).toHaveLength(4);
    expect(most).toBe(1);
    expect((await desk.preview(WITHDRAW, 'someone')).ok).toBe(true);
  });
});
