// `lockstep devices add`, `token` and `forget`: credentials of single devices, and their end.

import { type Command, InvalidArgumentError } from 'commander';

import { failure } from '../base/failure.ts';
import type { DeviceJson } from '../reports/answers.ts';
import { apiPath } from './api-client.ts';
import { withFleet } from './connect.ts';
import { findProduct } from './find-product.ts';
import { addExamples, addFleetOptions, addOutputOptions, type FleetOptions } from './options.ts';
import type { Shell } from './shell.ts';

interface DeviceOptions extends FleetOptions {
  readonly product?: string;
  readonly yes?: boolean;
}

/** Adds the subcommands. Exit code 0, or 1 where nothing was done. */
export function addDeviceCommands(devices: Command, shell: Shell): void {
  addAdd(devices, shell);
  addToken(devices, shell);
  addForget(devices, shell);
}

function addAdd(devices: Command, shell: Shell): void {
  const command = devices
    .command('add')
    .description(
      'Makes a device known before its first contact, and prints its token. The token is shown once, and stored hashed.',
    )
    .argument('<ID>', 'as the device reports itself', parseDeviceId)
    .requiredOption('--product <name>', 'the product it belongs to')
    .action(async (id: string, options: DeviceOptions) => {
      shell.exitCode = await issueToken(shell, id, options, true);
    });
  addFleetOptions(command);
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep devices add e00fce681234567890abcdef --product thermostat', 'its token is printed'],
  ]);
}

function addToken(devices: Command, shell: Shell): void {
  const command = devices
    .command('token')
    .description(
      'Issues a token for a device and prints it. The token is shown once, and stored hashed; an earlier one ends.',
    )
    .argument('<ID>', 'of a device that is known', parseDeviceId)
    .option('--product <name>', 'the product it belongs to, where there are several')
    .action(async (id: string, options: DeviceOptions) => {
      shell.exitCode = await issueToken(shell, id, options, false);
    });
  addFleetOptions(command);
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep devices token e00fce681234567890abcdef', 'a new token; the one before ends'],
  ]);
}

function addForget(devices: Command, shell: Shell): void {
  const command = devices
    .command('forget')
    .description(
      'Ends a device’s token, evidence and history. A lock that a manifest gives it stays. It registers again at its next contact, where it may.',
    )
    .argument('<ID>', 'of a device that is known', parseDeviceId)
    .option('--product <name>', 'the product it belongs to, where there are several')
    .option('--yes', 'really; there is no way back')
    .action(async (id: string, options: DeviceOptions) => {
      shell.exitCode = await forget(shell, id, options);
    });
  addFleetOptions(command);
  addOutputOptions(command);
  addExamples(command, [['lockstep devices forget sim-00001 --yes', 'a device that is gone']]);
}

async function issueToken(
  shell: Shell,
  id: string,
  options: DeviceOptions,
  isNew: boolean,
): Promise<number> {
  return withFleet(shell, options, 'write', async (client) => {
    const product = await findProduct(client, id, options.product);
    if (!product.ok) return shell.failed(product.error);
    const path = apiPath('products', product.value, 'devices', id);
    const known = await client.get<DeviceJson>(path);
    if (isNew && known.ok) {
      const message = `${product.value} knows the device ${JSON.stringify(id)} already. For a new token: \`lockstep devices token ${id}\`.`;
      return shell.failed(failure('DeviceKnown', message, 'stall'));
    }
    if (!isNew && !known.ok) return shell.failed(known.error);
    const answer = await client.post<{ readonly token: string }>(`${path}/token`, {});
    if (!answer.ok) return shell.failed(answer.error);
    const { token } = answer.value;
    if (shell.output === 'json') {
      shell.writeJson({ product: product.value, device: id, token });
    } else {
      shell.write(`${token}\n`);
      shell.note('shown once; the device sends it as `Authorization: TargetToken …`');
    }
    return 0;
  });
}

async function forget(shell: Shell, id: string, options: DeviceOptions): Promise<number> {
  if (options.yes !== true) {
    const message = `Forgetting ${JSON.stringify(id)} ends its token, evidence and history for good. Say --yes if that is meant.`;
    return shell.failed(failure('NotConfirmed', message, 'stall'));
  }
  return withFleet(shell, options, 'write', async (client) => {
    const product = await findProduct(client, id, options.product);
    if (!product.ok) return shell.failed(product.error);
    const answer = await client.delete(apiPath('products', product.value, 'devices', id));
    if (!answer.ok) return shell.failed(answer.error);
    if (shell.output === 'json') shell.writeJson({ product: product.value, device: id });
    else shell.write(`forgot ${id} of ${product.value}\n`);
    return 0;
  });
}

/** Refuses what can't be a device's id: 1 to 256 characters without white space. */
function parseDeviceId(text: string): string {
  if (/^\S{1,256}$/.test(text)) return text;
  throw new InvalidArgumentError('An id has 1 to 256 characters and no white space.');
}
