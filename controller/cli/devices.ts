// `lockstep devices`: the devices that the controller knows, and the commands about single ones.

import { type Command, Option } from 'commander';

import type { Failure } from '../base/failure.ts';
import { ok, type Result } from '../base/result.ts';
import type { DeviceSummaryJson, Page } from '../reports/answers.ts';
import { renderDevicesText } from '../reports/devices-text.ts';
import { type ApiClient, apiPath } from './api-client.ts';
import { withFleet } from './connect.ts';
import { addDeviceCommands } from './device-commands.ts';
import { listProducts } from './find-product.ts';
import {
  addExamples,
  addFleetOptions,
  addOutputOptions,
  type FleetOptions,
  parseCount,
  parseVersion,
} from './options.ts';
import type { Shell } from './shell.ts';
import { refuseWatch, watchText } from './watch.ts';

interface DevicesOptions extends FleetOptions {
  readonly product?: string;
  readonly prefix?: string;
  readonly running?: number | 'unknown';
  readonly locked?: boolean;
  readonly failing?: boolean;
  readonly updating?: boolean;
  readonly standing?: string;
  readonly limit: number;
  readonly watch?: boolean;
}

/** Devices that one request asks for. */
const PAGE_MAX = 500;

/** Adds the command and its subcommands. Exit code 0, or 1 where the fleet can't be reached. */
export function addDevices(program: Command, shell: Shell): void {
  const command = program
    .command('devices')
    .summary('list devices; give them credentials, or forget them')
    .description(
      'Lists devices with what they run and what they should run, by id. All filters apply together.',
    )
    .option('--product <name>', 'only of this product')
    .option('--prefix <text>', 'only ids that start like this')
    .addOption(
      new Option('--running <version>', 'only those that run it, or `unknown`').argParser((text) =>
        text === 'unknown' ? text : parseVersion(text),
      ),
    )
    .option('--locked', 'only those with a lock')
    .option('--failing', 'only those that failed with their target')
    .option('--updating', 'only those with an action under way')
    .addOption(
      new Option('--standing <standing>', 'only those of this standing').choices([
        'expected',
        'active',
        'quarantined',
      ]),
    )
    .addOption(new Option('--limit <n>', 'at most so many').default(100).argParser(parseCount(1)))
    .option('--watch', 'show them again whenever something changes')
    .action(async (options: DevicesOptions) => {
      shell.exitCode = await devices(shell, options);
    });
  addFleetOptions(command);
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep devices --failing', 'what to look at first'],
    ['lockstep devices --product thermostat --running 41 --limit 1000', 'who is still on 41'],
    ['lockstep devices token e00fce681234567890abcdef', 'credentials for one device'],
  ]);
  addDeviceCommands(command, shell);
}

async function devices(shell: Shell, options: DevicesOptions): Promise<number> {
  const refused = options.watch === true ? refuseWatch(options) : null;
  if (refused !== null) return shell.failed(refused);
  return withFleet(shell, options, 'read', async (client) => {
    if (options.watch === true) {
      return watchText(shell, async () => {
        const found = await listDevices(client, options);
        return found.ok
          ? { text: render(shell, found.value, true), failure: null }
          : { text: '', failure: found.error };
      });
    }
    const found = await listDevices(client, options);
    if (!found.ok) return shell.failed(found.error);
    shell.write(render(shell, found.value, false));
    if (found.value.hasMore)
      shell.note(`there are more; raise --limit (${options.limit}) to see them`);
    return 0;
  });
}

interface FoundDevices {
  readonly items: readonly DeviceSummaryJson[];
  readonly hasMore: boolean;
}

/** Pages through the products until the limit is reached. */
async function listDevices(
  client: ApiClient,
  options: DevicesOptions,
): Promise<Result<FoundDevices, Failure>> {
  const products =
    options.product === undefined ? await listProducts(client) : ok([options.product]);
  if (!products.ok) return products;
  const items: DeviceSummaryJson[] = [];
  for (const product of products.value) {
    let after: string | undefined;
    do {
      // One more than is shown says whether there are more.
      const wanted = Math.min(PAGE_MAX, options.limit + 1 - items.length);
      const page: Result<Page<DeviceSummaryJson>, Failure> = await client.get(
        apiPath('products', product, 'devices'),
        { ...buildQuery(options), after, limit: wanted },
      );
      if (!page.ok) return page;
      items.push(...page.value.items);
      if (items.length > options.limit) {
        return ok({ items: items.slice(0, options.limit), hasMore: true });
      }
      after = page.value.next ?? undefined;
    } while (after !== undefined);
  }
  return ok({ items, hasMore: false });
}

function buildQuery(
  options: DevicesOptions,
): Record<string, string | number | boolean | undefined> {
  const { prefix, running, locked, failing, updating, standing } = options;
  return { prefix, running, locked, failing, updating, standing };
}

function render(shell: Shell, { items }: FoundDevices, isLine: boolean): string {
  if (shell.output === 'json') return `${JSON.stringify(items, null, isLine ? 0 : 2)}\n`;
  // Whether there are more is said on stderr.
  return renderDevicesText({ items, next: null }, shell.clock.now(), {
    color: shell.colorOf('out'),
  });
}
