// `lockstep devices`: the devices that the controller knows, and the commands about single ones.

import { type Command, Option } from 'commander';

import type { Failure } from '../base/failure.ts';
import { ok, type Result } from '../base/result.ts';
import { WAIT_REASONS, type WaitReason } from '../model/wait-reasons.ts';
import { DEVICE_ORDERS, type DeviceOrder } from '../stores/device-search.ts';
import type { DevicePageJson, DeviceSummaryJson } from '../reports/answers.ts';
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
  readonly group?: string;
  readonly online?: boolean;
  readonly offline?: boolean;
  readonly drifted?: boolean;
  readonly waiting?: WaitReason | true;
  readonly sort: DeviceOrder;
  readonly descending?: boolean;
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
      'Lists devices with what they run and what they should run. All filters apply together. Products come one after the other, by name.',
    )
    .option('--product <name>', 'only of this product')
    .option('--prefix <text>', 'only ids that start like this')
    .addOption(
      new Option('--running <version>', 'only those that run it, or `unknown`').argParser((text) =>
        text === 'unknown' ? text : parseVersion(text),
      ),
    )
    .option('--group <name>', 'only members of this group')
    .option('--locked', 'only those with a lock')
    .addOption(new Option('--online', 'only those heard lately').conflicts('offline'))
    .option('--offline', 'only those that are not')
    .option('--failing', 'only those that failed with their target')
    .option('--updating', 'only those with an action under way')
    .option('--drifted', 'only those that run neither their target nor are on the way to it')
    .addOption(
      new Option(
        '--waiting [reason]',
        'only those that wait to be updated, or wait for this',
      ).choices(WAIT_REASONS),
    )
    .addOption(
      new Option('--standing <standing>', 'only those of this standing').choices([
        'expected',
        'active',
        'quarantined',
      ]),
    )
    .addOption(
      new Option('--sort <order>', 'by id, by the version that they run, or by first contact')
        .choices(DEVICE_ORDERS)
        .default('id'),
    )
    .option('--descending', 'the other way round')
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
    ['lockstep devices --drifted --online', 'who should run something else, and could'],
    ['lockstep devices --waiting OutsideWindow', 'who waits for a window'],
    ['lockstep devices --sort registration --descending --limit 20', 'the newest'],
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
  let groupless: Result<never, Failure> | null = null;
  let listed = 0;
  for (const product of products.value) {
    const found = await listProduct(client, product, options, items);
    if (found.ok) {
      listed += 1;
      if (items.length > options.limit) {
        return ok({ items: items.slice(0, options.limit), hasMore: true });
      }
    } else if (found.error.code === 'UnknownGroup') {
      // A group is of one product; only where none has it, it is a mistake.
      groupless ??= found;
    } else return found;
  }
  return groupless !== null && listed === 0 ? groupless : ok({ items, hasMore: false });
}

/** Adds the devices of a product to `items`, until these are more than the limit. */
async function listProduct(
  client: ApiClient,
  product: string,
  options: DevicesOptions,
  items: DeviceSummaryJson[],
): Promise<Result<void, Failure>> {
  let after: string | undefined;
  do {
    // One more than is shown says whether there are more. A page may end early, and the list goes on all the same.
    const wanted = Math.min(PAGE_MAX, options.limit + 1 - items.length);
    const page: Result<DevicePageJson, Failure> = await client.get(
      apiPath('products', product, 'devices'),
      { ...buildQuery(options), after, limit: wanted },
    );
    if (!page.ok) return page;
    items.push(...page.value.items);
    after = page.value.next ?? undefined;
  } while (after !== undefined && items.length <= options.limit);
  return ok(undefined);
}

function buildQuery(
  options: DevicesOptions,
): Record<string, string | number | boolean | undefined> {
  const { prefix, running, group, locked, failing, updating, standing, drifted } = options;
  const { sort, descending } = options;
  const online = options.online ?? (options.offline === true ? false : undefined);
  const waiting = options.waiting === true ? 'any' : options.waiting;
  const properties = { prefix, running, group, locked, online, failing, updating, standing };
  return { ...properties, drifted, waiting, sort, descending };
}

function render(shell: Shell, { items }: FoundDevices, isLine: boolean): string {
  if (shell.output === 'json') return `${JSON.stringify(items, null, isLine ? 0 : 2)}\n`;
  // Whether there are more is said on stderr.
  return renderDevicesText({ items, next: null }, shell.clock.now(), {
    color: shell.colorOf('out'),
  });
}
