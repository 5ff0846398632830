// `lockstep token`: credentials of people and pipelines for the API, made, listed and revoked.

import { type Command, Option } from 'commander';

import type { Failure } from '../base/failure.ts';
import { connectFleet } from './connect.ts';
import { addExamples, addFleetOptions, addOutputOptions, type FleetOptions } from './options.ts';
import type { Shell } from './shell.ts';

interface TokenOptions extends FleetOptions {
  readonly role: 'viewer' | 'deployer';
}

interface TokenJson {
  readonly name: string;
  readonly role: 'viewer' | 'deployer';
  readonly createdAt: string;
}

/** Adds the commands. Exit code 0, or 1 where no token was made or revoked. */
export function addToken(program: Command, shell: Shell): void {
  const token = program
    .command('token')
    .summary('API tokens for people and pipelines')
    .description('API tokens for people and pipelines.');
  const command = token
    .command('create')
    .description(
      'Makes an API token and prints it. The token is shown once, and stored hashed. A viewer may look and plan; a deployer may do everything.',
    )
    .argument('<NAME>', 'who or what will use it')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['viewer', 'deployer'])
        .makeOptionMandatory(),
    )
    .action(async (name: string, options: TokenOptions) => {
      shell.exitCode = await create(shell, name, options);
    });
  addFleetOptions(command);
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep token create ci --role viewer', 'for plans in pull requests'],
    [
      'LOCKSTEP_TOKEN=$(lockstep token create me --role deployer) lockstep status',
      'kept out of files',
    ],
  ]);
  const listing = token
    .command('list')
    .description('Lists the API tokens: name, role and when each was made. Never a secret.')
    .action(async (options: FleetOptions) => {
      shell.exitCode = await list(shell, options);
    });
  addFleetOptions(listing);
  addOutputOptions(listing);
  addExamples(listing, [['lockstep token list --output json', 'for an audit']]);
  const revoking = token
    .command('revoke')
    .description(
      'Ends an API token at once, with every browser that signed in with it. One of the same name can be made after.',
    )
    .argument('<NAME>', 'the name that it was made with')
    .action(async (name: string, options: FleetOptions) => {
      shell.exitCode = await revoke(shell, name, options);
    });
  addFleetOptions(revoking);
  addOutputOptions(revoking);
  addExamples(revoking, [['lockstep token revoke ci', 'once it has leaked']]);
}

async function create(shell: Shell, name: string, options: TokenOptions): Promise<number> {
  const connected = await connectFleet(shell, options, 'write');
  if (!connected.ok) return shell.failed(describeOwned(connected.error));
  const client = connected.value;
  try {
    const { role } = options;
    const answer = await client.post<{ readonly token: string }>('tokens', { name, role });
    if (!answer.ok) return shell.failed(answer.error);
    const { token } = answer.value;
    if (shell.output === 'json') {
      shell.writeJson({ name, role, token });
    } else {
      shell.write(`${token}\n`);
      shell.note(`shown once; use it as LOCKSTEP_TOKEN (${role})`);
    }
    return 0;
  } finally {
    await client.close();
  }
}

async function list(shell: Shell, options: FleetOptions): Promise<number> {
  const connected = await connectFleet(shell, options, 'read');
  if (!connected.ok) return shell.failed(describeOwned(connected.error));
  const client = connected.value;
  try {
    const answer = await client.get<{ readonly items: readonly TokenJson[] }>('tokens');
    if (!answer.ok) return shell.failed(answer.error);
    const { items } = answer.value;
    if (shell.output === 'json') shell.writeJson(answer.value);
    else if (items.length === 0) shell.note('no tokens');
    else {
      const width = Math.max(...items.map(({ name }) => name.length));
      for (const { name, role, createdAt } of items) {
        shell.write(`${name.padEnd(width)}  ${role.padEnd(8)}  ${createdAt}\n`);
      }
    }
    return 0;
  } finally {
    await client.close();
  }
}

async function revoke(shell: Shell, name: string, options: FleetOptions): Promise<number> {
  const connected = await connectFleet(shell, options, 'write');
  if (!connected.ok) return shell.failed(describeOwned(connected.error));
  const client = connected.value;
  try {
    const answer = await client.delete<TokenJson>(`tokens/${encodeURIComponent(name)}`);
    if (!answer.ok) return shell.failed(answer.error);
    if (shell.output === 'json') shell.writeJson(answer.value);
    else shell.write(`revoked: ${name} (${answer.value.role})\n`);
    return 0;
  } finally {
    await client.close();
  }
}

/** A controller that asks for tokens takes no first one: that is made before it starts. */
function describeOwned(error: Failure): Failure {
  if (error.code !== 'StateOwned') return error;
  const more =
    'A controller that asks for tokens (--public-url) needs that of a deployer, in LOCKSTEP_TOKEN, to make another. Where there is none yet: stop the controller, make one, and start it again.';
  return { ...error, message: `${error.message}\n  ${more}` };
}
