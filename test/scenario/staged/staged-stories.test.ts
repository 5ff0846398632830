// Written-down histories of staged releases: each file beside this one is played as its comments tell, and must have
// brought about what its name promises.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { parseHistory, renderHistory } from '../../support/virtual/history-text.ts';
import type { Kind } from '../../support/virtual/kinds.ts';
import { noOccurrences } from '../../support/virtual/kinds.ts';
import { makeHistory } from '../../support/virtual/make-history.ts';
import { nameOf, playHistory } from '../../support/virtual/play-history.ts';
import { createVirtualStates } from '../../support/virtual/virtual-state.ts';

const FOLDER = import.meta.dirname;

/** What a story is about, by the name of its file. */
const PROMISED: Readonly<Record<string, readonly Kind[]>> = {
  'attempt-raised-after-hold': ['halt: hold', 'attempt raised', 'release finished'],
  'canary-halts': ['halt: hold', 'minimum of devices'],
  'clock-set-back': ['clock ahead', 'clock back', 'outage', 'dark fleet', 'release finished'],
  'clock-set-back-while-down': ['kill', 'clock back', 'dark fleet', 'release finished'],
  'edit-in-flight': ['edit in flight', 'release finished'],
  'group-leaves-as-step-begins': ['halt: rollback', 'minimum of devices', 'group release'],
  'outage-during-soak': ['outage', 'kill', 'clock ahead', 'release finished'],
  'rollback-by-revert': ['rollback by revert', 'unfinished release replaced'],
};

const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.txt'))
  .map((file) => file.slice(0, -'.txt'.length));

function readStory(name: string): string {
  return readFileSync(join(FOLDER, `${name}.txt`), 'utf8');
}

describe('the stories of staged releases', () => {
  it('are all known by what they promise', () => {
    expect(names.sort()).toEqual(Object.keys(PROMISED).sort());
  });

  it.each(names)('%s is played to its end', async (name) => {
    const history = parseHistory(readStory(name));
    const occurred = noOccurrences();
    const states = createVirtualStates();
    try {
      await playHistory(await states.next(), history, nameOf(history.setup), (kind) => {
        occurred[kind] += 1;
      });
    } finally {
      await states.close();
    }
    const missing = (PROMISED[name] ?? []).filter((kind) => occurred[kind] === 0);
    expect(missing).toEqual([]);
  });
});

describe('the text of a history', () => {
  it('says all of it', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const history = makeHistory(seed);
      expect(parseHistory(renderHistory(history))).toEqual(history);
    }
  });

  it('is refused with the line that is wrong', () => {
    expect(() => parseHistory('setup running=1\n\nwait x\n')).toThrow(
      'line 3, "wait x": "x" is no number',
    );
    expect(() => parseHistory('wait 1')).toThrow('line 1, "wait 1"');
  });
});
