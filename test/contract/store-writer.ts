// A process that writes to a state until it is killed, and says on stdout what was acknowledged, one line each. It is
// started by the crash tests: `node store-writer.ts FILE ROUND`.

import { writeSync } from 'node:fs';

import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../controller/stores/store.ts';
import { changeDevice, createDevice, makeDevice, makeEvent } from './store-fixtures.ts';
import { SPENT_VERSION, WRITER_RATE } from './store-writer-rate.ts';

const [, , file = '', round = ''] = process.argv;
const opened = await openSqliteStore(file);
if (!opened.ok) throw new Error(opened.error.message);
await Promise.all([0, 1, 2, 3].map((lane) => writeForever(opened.value, `${round}-${lane}`)));

async function writeForever(store: Store, lane: string): Promise<void> {
  for (let i = 0; ; i++) {
    const device = await createDevice(store, makeDevice(`${lane}-${i}`, { running: 1 }));
    acknowledge(`device ${device.id} 1`);
    const changed = await changeDevice(store, device, { running: i + 2, boot: String(i) });
    acknowledge(`device ${device.id} ${changed.rev}`);
    const message = `${lane}-${i}`;
    await store.addEvents([makeEvent({ message })]);
    acknowledge(`event ${message}`);
    acknowledge(`action ${await store.reserveActionIds(3)}`);
    const spender = makeDevice(`${lane}-${i}-spender`, { running: SPENT_VERSION });
    const spend = { meter: '1', rate: WRITER_RATE, at: performance.timeOrigin + performance.now() };
    const spent = await store.saveDevice({ before: null, after: spender, spend });
    if (spent.status === 'saved') acknowledge(`device ${spender.id} 1`);
  }
}

function acknowledge(line: string): void {
  // Synchronous: a line that waits in this process would die with it.
  writeSync(1, `${line}\n`);
}
