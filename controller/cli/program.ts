// The whole command line: its commands, and what is done about a mistyped one. Each command is a file of its own.

import { Command, CommanderError } from 'commander';

import { findNearest } from '../manifests/nearest.ts';
import { StateFailure } from '../stores/state-failure.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { addApply } from './apply.ts';
import { addDemo } from './demo.ts';
import { addDevices } from './devices.ts';
import { addEvents } from './events.ts';
import { addInit } from './init.ts';
import { addInspect } from './inspect.ts';
import { addOutputOptions } from './options.ts';
import { addPlan } from './plan.ts';
import { addPropose } from './propose.ts';
import { addResume } from './resume.ts';
import { addReview } from './review.ts';
import { addRun } from './run.ts';
import type { OutputFormat, Shell } from './shell.ts';
import { addSimulate } from './simulate.ts';
import { addStatus } from './status.ts';
import { addStop } from './stop.ts';
import { addToken } from './token.ts';
import { addValidate } from './validate.ts';
import { addWhy } from './why.ts';

const EXIT_MISUSE = 1;

/** Runs one command and returns the exit code. A user's mistake is told on stderr; only bugs are thrown. */
export async function runCommandLine(shell: Shell, args: readonly string[]): Promise<number> {
  const program = createProgram(shell);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return shell.exitCode;
  } catch (thrown) {
    if (thrown instanceof StateFailure) return shell.failed(thrown.failure);
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return 0;
    if (thrown.code !== 'commander.help') shell.note(describeMisuse(program, args, thrown));
    return EXIT_MISUSE;
  }
}

/** The program with all its commands; nothing has run yet. */
function createProgram(shell: Shell): Command {
  const program = new Command('lockstep')
    .description('A GitOps controller for product firmware.')
    .usage('COMMAND [SOURCE] [options]')
    .version(packageJson.version, '-V, --version', 'print the version')
    .enablePositionalOptions()
    .helpCommand('help [command]', 'explain a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shell.write(text),
      writeErr: (text) => shell.note(text.trimEnd()),
      // Told by `runCommandLine`, together with what to do next.
      outputError: () => undefined,
    });
  addOutputOptions(program, ['text', 'json', 'markdown']);
  program.hook('preAction', (_, command) => settleCommonOptions(shell, program, command));

  program.commandsGroup('Manifests:');
  for (const add of [addInit, addValidate, addInspect, addPropose]) add(program, shell);
  program.commandsGroup('The fleet:');
  for (const add of [addPlan, addReview, addApply, addRun, addStop, addResume]) add(program, shell);
  program.commandsGroup('Looking:');
  for (const add of [addStatus, addDevices, addEvents, addWhy]) add(program, shell);
  program.commandsGroup('Other:');
  for (const add of [addToken, addSimulate, addDemo]) add(program, shell);
  program.addHelpText(
    'after',
    [
      '',
      'SOURCE is a directory (default: here) or a git URL with #branch:path.',
      'Run `lockstep COMMAND --help` for the options of a command, with examples.',
    ].join('\n'),
  );
  return program;
}

/** Common options may stand before the command or after it; an explicit flag wins over the environment. */
function settleCommonOptions(shell: Shell, program: Command, command: Command): void {
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
  if (!isGiven('output') && program.getOptionValueSource('output') === 'cli') {
    const wanted = String(program.getOptionValue('output'));
    const option = command.options.find(({ long }) => long === '--output');
    if (option?.argChoices?.includes(wanted) === false) {
      command.error(
        `error: option '--output <format>' argument '${wanted}' is invalid. Allowed choices are ${option.argChoices.join(', ')}.`,
      );
    }
    command.setOptionValue('output', wanted);
  }
  shell.output = command.getOptionValue('output') as OutputFormat;
  shell.noColor =
    command.getOptionValue('color') === false || program.getOptionValue('color') === false;

  if (isGiven('state') && isGiven('server')) {
    command.error("error: option '--state <spec>' cannot be used with option '--server <url>'");
  }
  if (isGiven('state')) command.setOptionValue('server', undefined);
}

function describeMisuse(program: Command, args: readonly string[], error: CommanderError): string {
  const command = findCommand(program, args);
  const [unexpected, ...parents] = [command.unexpected, ...command.path];
  const names = command.command.commands.map((each) => each.name());
  const path = ['lockstep', ...parents].join(' ');
  if (error.code === 'commander.excessArguments' && names.length > 0 && unexpected !== null) {
    const near = findNearest(unexpected, names);
    const hint = near === null ? `It knows ${names.join(', ')}.` : `Did you mean ${near}?`;
    return `error: \`${path}\` has no command '${unexpected}'. ${hint}\nRun \`${path} --help\` to see what it takes.`;
  }
  const message = error.message.replace(/\n\(Did/, ' (Did');
  return `${message}\nRun \`${path} --help\` to see what it takes.`;
}

/** The command that the arguments lead to, and the first word that leads nowhere. */
function findCommand(
  program: Command,
  args: readonly string[],
): {
  readonly command: Command;
  readonly path: readonly string[];
  readonly unexpected: string | null;
} {
  let command = program;
  const path: string[] = [];
  for (const arg of args) {
    if (arg.startsWith('-')) continue;
    const next = command.commands.find((each) => each.name() === arg);
    if (next === undefined) return { command, path, unexpected: arg };
    command = next;
    path.push(arg);
  }
  return { command, path, unexpected: null };
}
