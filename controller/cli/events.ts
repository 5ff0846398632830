// `lockstep events`: the audit log, newest last, and what is added to it.

import { type Command, Option } from 'commander';

import type { EventJson, Page } from '../reports/answers.ts';
import { renderEventsText } from '../reports/events-text.ts';
import type { ApiClient } from './api-client.ts';
import { withFleet } from './connect.ts';
import {
  addExamples,
  addFleetOptions,
  addOutputOptions,
  type FleetOptions,
  parseCount,
} from './options.ts';
import { pause, type Shell } from './shell.ts';
import { refuseWatch } from './watch.ts';

interface EventsOptions extends FleetOptions {
  readonly product?: string;
  readonly device?: string;
  readonly type?: readonly string[];
  readonly limit: number;
  readonly follow?: boolean;
  readonly watch?: boolean;
}

const PAGE_MAX = 500;
const FOLLOW_MS = 1_000;

/** Adds the command. Exit code 0, or 1 where the fleet can't be reached. */
export function addEvents(program: Command, shell: Shell): void {
  const command = program
    .command('events')
    .summary('the audit log')
    .description(
      'Shows what happened, newest last: when, revision, manifest, device, outcome. All filters apply together.',
    )
    .option('--product <name>', 'only of this product')
    .option('--device <id>', 'only of this device')
    .option('--type <type...>', 'only of these types, such as ReleaseStarted')
    .addOption(new Option('--limit <n>', 'at most so many').default(50).argParser(parseCount(1)))
    .option('--follow', 'go on with what is added, until Ctrl-C')
    .option('--watch', 'the same as --follow')
    .action(async (options: EventsOptions) => {
      shell.exitCode = await events(shell, options);
    });
  addFleetOptions(command);
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep events --product thermostat', 'the last 50'],
    ['lockstep events --type ActionFailed ReleaseHalted --follow', 'trouble as it comes in'],
    ['lockstep events --device sim-00001 --output json', 'for a script'],
  ]);
}

async function events(shell: Shell, options: EventsOptions): Promise<number> {
  const follows = options.follow === true || options.watch === true;
  const refused = follows ? refuseWatch(options) : null;
  if (refused !== null) return shell.failed(refused);
  return withFleet(shell, options, 'read', async (client) => {
    const { product, device, type } = options;
    const filter = { product, device, type };
    const found: EventJson[] = [];
    let before: number | undefined;
    do {
      const limit = Math.min(PAGE_MAX, options.limit - found.length);
      const page = await client.get<Page<EventJson, number>>('events', {
        ...filter,
        before,
        limit,
      });
      if (!page.ok) return shell.failed(page.error);
      found.push(...page.value.items);
      before = page.value.next ?? undefined;
    } while (before !== undefined && found.length < options.limit);
    found.sort((a, b) => a.id - b.id);
    write(shell, found, follows);
    return follows ? follow(shell, client, filter, found.at(-1)?.id ?? 0) : 0;
  });
}

/** Goes on from the last event that was shown. Each event is shown once, also after a controller was away. */
async function follow(
  shell: Shell,
  client: ApiClient,
  filter: Readonly<Record<string, string | readonly string[] | undefined>>,
  lastId: number,
): Promise<number> {
  const ended = shell.interruption({ orClosed: true });
  let after = lastId;
  let told = '';
  for (;;) {
    await pause(FOLLOW_MS, ended);
    if (ended.aborted) return 0;
    const page = await client.get<Page<EventJson, number>>('events', {
      ...filter,
      after,
      limit: PAGE_MAX,
    });
    if (!page.ok) {
      if (page.error.disposition === 'stall') return shell.failed(page.error);
      if (page.error.message !== told) shell.failed(page.error);
      told = page.error.message;
      continue;
    }
    told = '';
    const added = [...page.value.items].sort((a, b) => a.id - b.id);
    write(shell, added, true);
    after = added.at(-1)?.id ?? after;
  }
}

/** As JSON: one array, or (followed) one event a line. */
function write(shell: Shell, items: readonly EventJson[], follows: boolean): void {
  if (shell.output === 'json') {
    if (follows) shell.write(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
    else shell.writeJson(items);
  } else if (items.length > 0) {
    shell.write(renderEventsText(items, { color: shell.colorOf('out') }));
  } else if (!follows) {
    shell.write('No events.\n');
  }
}
