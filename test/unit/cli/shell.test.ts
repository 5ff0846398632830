// What counts as a terminal that can be drawn on.

import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createShell, type Shell } from '../../../controller/cli/shell.ts';

function shellOn(stream: object): Shell {
  const stdout = Object.assign(new EventEmitter(), stream);
  const parts = { stdout, stderr: stdout, env: {}, cwd: () => '/' };
  const host = Object.assign(new EventEmitter(), parts) as unknown as NodeJS.Process;
  return createShell(host, { loadCompose: () => Promise.reject(new Error('not asked for')) });
}

describe('a terminal', () => {
  it('is one with room on it', () => {
    expect(shellOn({ isTTY: true, columns: 80 })).toMatchObject({
      isTerminal: true,
      isErrorTerminal: true,
    });
    expect(shellOn({ isTTY: true })).toMatchObject({ isTerminal: true });
  });

  it('is not a file, a pipe, or one without a size', () => {
    for (const stream of [{}, { isTTY: true, columns: 0 }]) {
      expect(shellOn(stream)).toMatchObject({ isTerminal: false, isErrorTerminal: false });
    }
  });
});
