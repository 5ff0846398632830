// The lines that problems are about, out of the revision that has them: the newest, also where it is refused.

import { afterEach, beforeEach, expect, it } from 'vitest';

import { failure } from '../../controller/base/failure.ts';
import type { Excerpt } from '../../controller/model/excerpt.ts';
import { listStanding } from '../../controller/server/standing-problems.ts';
import { fleetFiles } from '../property/support/fleet-repo.ts';
import { startController, type TestController } from '../support/controller.ts';

let controller: TestController;
beforeEach(async () => {
  controller = await startController();
  await controller.apply(fleetFiles({ firmware: [1] }));
});
afterEach(() => controller.close());

const BROKEN = [
  'apiVersion: lockstep/v1',
  'kind: Release',
  'metadata: { name: x }',
  'spec: { verison: 1 }',
];

/** The marked lines of all that stands against the manifests. */
async function markedLines(): Promise<readonly (string | null)[]> {
  const view = controller.controller.view();
  const { revision } = view.snapshot ?? { revision: '' };
  const places = listStanding(view).flatMap(({ place }) => (place === null ? [] : [place]));
  const excerpts = await controller.controller.excerpts(revision, places);
  return excerpts.map((each) => (each === null ? null : markedLine(each)));
}

function markedLine({ from, lines, marked }: Excerpt): string {
  return lines[marked - from] ?? '';
}

it('are those of the revision that is refused, not of the one in force', async () => {
  const files = { ...fleetFiles({ firmware: [1] }), 'broken.yaml': BROKEN.join('\n') };
  await controller.apply(files);
  const lines = await markedLines();
  expect(lines.length).toBeGreaterThan(0);
  expect(lines).toContain(BROKEN[3]);
  await controller.apply({ ...files, 'broken.yaml': ['# moved', ...BROKEN].join('\n') });
  expect(await markedLines()).toEqual(lines);
});

it('are read once, however often they are asked for', async () => {
  await controller.apply({ ...fleetFiles({ firmware: [1] }), 'broken.yaml': BROKEN.join('\n') });
  const before = await markedLines();
  const { revision } = controller.controller.view().snapshot ?? { revision: '' };
  const { reads } = controller.source.treeOf(revision);
  const count = reads.length;
  await controller.sync();
  expect(await markedLines()).toEqual(before);
  expect(reads).toHaveLength(count);
});

it('are none of another revision, of a file that is not there, and before the source is read', async () => {
  const { revision } = controller.controller.view().snapshot ?? { revision: '' };
  const place = { file: 'nothing.yaml', line: 1, column: 1 };
  const [file = ''] = Object.keys(fleetFiles({ firmware: [1] })).filter((path) =>
    path.endsWith('.yaml'),
  );
  const ask = (at: string): Promise<readonly unknown[]> =>
    controller.controller.excerpts(at, [place, { ...place, file }]);
  expect(await ask(revision)).toEqual([null, expect.objectContaining({ from: 1, marked: 1 })]);
  expect(await ask('c0')).toEqual([null, null]);
  controller.source.failWith(failure('FetchFailed', 'The repo is away.', 'retry'));
  controller = await controller.restart();
  expect(controller.controller.view().snapshot?.revision).toBe(revision);
  expect(await ask(revision)).toEqual([null, null]);
});
