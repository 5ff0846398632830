// Notices of the real program: as its settings ask for them, over a kill in the middle of a delivery, and with nothing of
// the addresses in whatever it writes and shows.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type NoticeReceiver, startNoticeReceiver } from '../fakes/notice-receiver.ts';
import type { RunningCli } from '../support/cli.ts';
import { prepareFleet, SLOW } from './fleet-under-test.ts';

const fleet = prepareFleet();

let program: NoticeReceiver;
let chat: NoticeReceiver;
beforeEach(async () => {
  program = await startNoticeReceiver();
  chat = await startNoticeReceiver();
});
afterEach(async () => {
  await Promise.all([program.close(), chat.close()]);
});

async function startWithNotices(): Promise<RunningCli> {
  const config = join(fleet.folder, 'run.yaml');
  writeFileSync(
    config,
    [
      'notices:',
      `  - { name: ops, url: "${program.url}/5ecret", secret: $NOTICE_SECRET, on: [stopped, resumed] }`,
      '  - { name: chat, url: $CHAT_URL, format: slack, on: [stopped] }',
    ].join('\n'),
  );
  const listen = ['--listen', `127.0.0.1:${fleet.port}`];
  const args = ['run', ...listen, '--gateway-token', 'trial', '--config', config];
  const env = { CHAT_URL: `${chat.url}/services/5ecret`, NOTICE_SECRET: 'hush-hush' };
  const started = fleet.start(args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  await started.until(/^lockstep ready at .*\n/m);
  return started;
}

/** What the API answers. */
async function ask(path: string, method = 'GET'): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${fleet.port}${path}`, { method });
  expect(answer.status).toBe(200);
  return answer.text();
}

function kinds(): readonly string[] {
  return program.received.map(({ body }) => (JSON.parse(body) as { readonly kind: string }).kind);
}

async function until(what: () => unknown): Promise<void> {
  await expect.poll(what, { timeout: 20_000, interval: 20 }).toBeTruthy();
}

describe('notices of a running controller', SLOW, () => {
  it('tell of the emergency stop once each, over a kill before the answer', async () => {
    const first = await startWithNotices();
    chat.answer = () => ({ status: 404 });
    program.answer = () => 'hang';
    await ask('/api/v1/stop', 'POST');
    await until(() => kinds().length === 1 && chat.received.length === 1);
    const metrics = await ask('/metrics');
    expect(metrics).toContain('lockstep_notices_pending{target="ops"} 1');
    expect(metrics).toContain('lockstep_notices_dropped_total{target="chat"}');
    expect(metrics).toMatch(/^lockstep_reconcile_duration_seconds_count\{outcome="ok"\} [1-9]/m);
    const status = await ask('/api/v1/status');
    await first.until(new RegExp(`chat \\(${chat.host}\\): ${chat.host} answered 404`));
    first.child.kill('SIGKILL');
    const { stdout, stderr } = await first.ended;

    program.answer = () => ({ status: 200 });
    chat.answer = () => ({ status: 200 });
    const second = await startWithNotices();
    await until(() => kinds().length === 2);
    await ask('/api/v1/resume', 'POST');
    await until(() => kinds().length === 3);
    const ended = await second.stop();
    expect(kinds()).toEqual(['stopped', 'stopped', 'resumed']);
    const keys = program.received.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[1]);
    expect(program.received[2]?.headers['lockstep-signature']).toMatch(/^sha256=[0-9a-f]{64}$/);
    // What was refused for good is not sent again, and `resumed` is nothing that the chat is told.
    expect(chat.received.map(({ path }) => path)).toEqual(['/services/5ecret']);
    expect(JSON.parse(chat.received[0]?.body ?? '')).toMatchObject({
      text: 'thermostat: emergency stop: The emergency stop was pulled.',
    });
    const written = [stdout, stderr, status, metrics, ended.stdout, ended.stderr].join('\n');
    expect(written).not.toMatch(/5ecret|hush-hush/);
  });
});
