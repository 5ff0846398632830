// Opening a state by name: where it is made, who owns it, and what is refused.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openState, openStateToRead, type State } from '../../controller/stores/open-state.ts';
import { createDevice, makeDevice, PRODUCT } from './store-fixtures.ts';

const HOLDER = fileURLToPath(new URL('state-holder.ts', import.meta.url));
const ADDRESS = 'http://127.0.0.1:8080';

let folder: string;
let spec: string;
let children: ChildProcess[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-state-'));
  spec = `sqlite:${join(folder, 'made/for/it/state.db')}`;
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

async function open(named = spec): Promise<State> {
  const opened = await openState(named);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

/** Starts a process that holds the state, and returns it with the first line that it printed. */
async function hold(...args: string[]): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, [HOLDER, spec, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return { child, line };
}

describe('opening a state', () => {
  it('makes its folder, and keeps what is written', async () => {
    const state = await open();
    const device = await createDevice(state.store, makeDevice('a'));
    await state.release();
    const again = await open();
    expect(await again.store.device(PRODUCT, 'a')).toEqual(device);
    expect(await again.binaries.facts('ab'.repeat(32))).toBeNull();
    await again.release();
  });

  it('refuses a second owner, naming the first and its address', async () => {
    const { child, line } = await hold(ADDRESS);
    expect(line).toBe('open');
    const refused = await openState(spec);
    expect(refused).toMatchObject({ error: { code: 'StateOwned', disposition: 'stall' } });
    const message = refused.ok ? '' : refused.error.message;
    expect(message).toContain(`process ${child.pid}, which serves ${ADDRESS}`);
    expect(message).toContain(`--server ${ADDRESS}`);
    expect((await openStateToRead(spec)).ok).toBe(false);
  });

  it('refuses a second owner in the same process, and a process that comes later', async () => {
    const state = await open();
    expect(await openState(spec)).toMatchObject({ error: { code: 'StateOwned' } });
    expect((await hold()).line).toContain(`process ${process.pid}: stop it`);
    state.announce(ADDRESS);
    expect((await hold()).line).toContain(ADDRESS);
    await state.release();
    expect((await hold()).line).toBe('open');
  });

  it('is free again as soon as its owner was killed', async () => {
    const { child } = await hold(ADDRESS);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    const state = await open();
    expect(await openState(spec)).toMatchObject({
      error: { message: expect.not.stringContaining(ADDRESS) },
    });
    await state.release();
  });

  it('gives the ownership back when the file cannot be opened', async () => {
    const file = join(folder, 'state.db');
    writeFileSync(file, 'not a database, but long enough to be taken for one'.repeat(50));
    expect(await openState(`sqlite:${file}`)).toMatchObject({ error: { code: 'StateDamaged' } });
    rmSync(file);
    await (await open(`sqlite:${file}`)).release();
  });

  it('refuses what names no state, or a folder that cannot be made', async () => {
    for (const named of ['state.db', 'sqlite:', 'postgres://localhost/db']) {
      expect(await openState(named)).toMatchObject({ error: { code: 'StateSpecInvalid' } });
    }
    writeFileSync(join(folder, 'file'), '');
    const blocked = await openState(`sqlite:${join(folder, 'file/state.db')}`);
    expect(blocked).toMatchObject({ error: { code: 'StateUnreadable', disposition: 'stall' } });
  });

  it('makes nothing when a missing state is only looked at', async () => {
    const opened = await openStateToRead(spec);
    if (!opened.ok) throw new Error(opened.error.message);
    expect(await opened.value.store.products()).toEqual([]);
    await opened.value.release();
    expect(readdirSync(folder)).toEqual([]);
    await (await open()).release();
    const there = await openStateToRead(spec);
    expect(there.ok).toBe(true);
    if (there.ok) await there.value.release();
  });
});
