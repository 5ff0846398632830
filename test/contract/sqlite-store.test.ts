// The SQLite store: the shared contract. What only SQLite has is in the files beside this one.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import { describeStoreContract } from './store-contract.ts';

describeStoreContract('the SQLite store', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-store-'));
  return {
    async open() {
      const opened = await openSqliteStore(join(folder, 'state.db'));
      if (!opened.ok) throw new Error(opened.error.message);
      return opened.value;
    },
    remove: () => rm(folder, { recursive: true }),
  };
});
