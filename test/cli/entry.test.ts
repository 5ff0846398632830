// The entry: the version of Node, bugs, streams that close, signals.

import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { hasStack, runCli, startCli } from '../support/cli.ts';

const OLD_NODE = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '24.14.9' } });`;
const NEW_NODE = OLD_NODE.replace('24.14.9', '25.0.0');
/** Throws once the program listens for bugs, from where nobody catches it. */
const BUG = `process.on('newListener', (name) => {
  if (name === 'unhandledRejection') process.nextTick(() => { throw new Error('Internal error: the moon is gone'); });
});`;

describe('entry', { timeout: 120_000 }, () => {
  it('says in one line what it needs when Node is too old', async () => {
    const result = await runCli(['--help'], { preload: OLD_NODE });
    expect(result).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'lockstep needs Node.js 24.15 or newer; this is 24.x\n',
    });
  });

  it('runs on a newer major version', async () => {
    const { code } = await runCli(['--version'], { preload: NEW_NODE });
    expect(code).toBe(0);
  });

  it('reports a bug as one, with exit code 70 and no stack', async () => {
    const result = await runCli(['--help'], { preload: BUG });
    expect(result.code).toBe(70);
    expect(result.stderr).toBe(
      'Internal error: the moon is gone\nThis is a bug in Lockstep: please report it, with the command that was run.\n',
    );
  });

  it('shows where a bug is when LOCKSTEP_DEBUG asks for it', async () => {
    const result = await runCli(['--help'], { preload: BUG, env: { LOCKSTEP_DEBUG: '1' } });
    expect(result.code).toBe(70);
    expect(hasStack(result.stderr)).toBe(true);
  });

  it('goes on quietly when nobody reads its data', async () => {
    const running = startCli(['validate', '--help']);
    running.child.stdout?.destroy();
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('ends at the first signal where nothing is under way that it could end well', async () => {
    // A server that never answers keeps the command waiting.
    const server = createServer();
    const accepted = new Promise((resolve) => server.once('connection', resolve));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const running = startCli(['status', '--server', `http://127.0.0.1:${port}`]);
    const socket = (await accepted) as { destroy(): void };
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    socket.destroy();
    server.close();
  });
});
