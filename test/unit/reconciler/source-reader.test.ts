// What the reading of a source leaves behind when not all of it can be read.

import { beforeEach, describe, expect, it } from 'vitest';

import { failure } from '../../../controller/base/failure.ts';
import { fail } from '../../../controller/base/result.ts';
import type { Snapshot } from '../../../controller/model/revision.ts';
import { createRevisionLoader } from '../../../controller/reconciler/revision-loader.ts';
import { createSourceReader } from '../../../controller/reconciler/source-reader.ts';
import { fleetFiles } from '../../property/support/fleet-repo.ts';
import { createTestSource, type TestSource } from '../../support/controller.ts';
import { createTestClock } from '../../support/gateway.ts';

let source: TestSource;
let saved: Snapshot | null;

beforeEach(() => {
  source = createTestSource();
  saved = null;
});

function startReader() {
  const store = {
    snapshot: async () => saved,
    saveSnapshot: async (snapshot: Snapshot) => void (saved = snapshot),
  };
  return createSourceReader({
    source,
    loader: createRevisionLoader(),
    store,
    clock: createTestClock(),
  });
}

const files = (maxUnlocked: string) => fleetFiles({ guardrails: { maxUnlocked } });
const limitOf = (snapshot: Snapshot | null) =>
  snapshot?.parentGuardrails?.['thermostat']?.maxUnlocked;

/** Reads `c1`, and then `c3`, whose parent `c2` was never read. */
async function readTwoAtOnce() {
  const reader = startReader();
  source.commit(files('10%'));
  await reader.read({});
  source.commit(files('20%'));
  source.commit(files('30%'));
  return reader;
}

describe('the guardrails of a parent that was never read', () => {
  it('bind its revision, also when that is read again after a restart', async () => {
    const reader = await readTwoAtOnce();
    expect(await reader.read({})).toEqual({ ok: true, value: undefined });
    expect(limitOf(saved)).toBe(20);
    const again = startReader();
    await again.restore();
    expect(await again.read({})).toEqual({ ok: true, value: undefined });
    expect(again.current().snapshot?.revision).toBe('c3');
    expect(limitOf(again.current().snapshot)).toBe(20);
    expect(limitOf(saved)).toBe(20);
  });

  it('are waited for while they cannot be read, and what was read stays', async () => {
    const reader = await readTwoAtOnce();
    const intact = { ...source };
    const away = failure('FetchFailed', 'The host is away.', 'retry');
    Object.assign(source, { fetchRevision: async () => fail(away) });
    expect(await reader.read({})).toEqual({ ok: false, error: away });
    expect(reader.current()).toMatchObject({ failure: away, snapshot: { revision: 'c1' } });
    expect(saved?.revision).toBe('c1');
    Object.assign(source, { fetchRevision: (id: string) => intact.fetchRevision(id) });
    expect((await reader.read({})).ok).toBe(true);
    expect(reader.current()).toMatchObject({ failure: null, snapshot: { revision: 'c3' } });
    expect(limitOf(saved)).toBe(20);
  });
});
