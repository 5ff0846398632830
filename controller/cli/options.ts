// Options that several commands share, and how their values are read. A value that can't be read is told by commander
// in the words given here.

import { InvalidArgumentError, Option, type Command } from 'commander';

import { parseDuration } from '../base/duration.ts';
import { STATE_DEFAULT } from '../stores/open-state.ts';
import type { ListenAddress } from './ports.ts';
import type { OutputFormat } from './shell.ts';

/** Options by which the live fleet is reached. */
export interface FleetOptions {
  readonly server?: string;
  readonly token?: string;
  readonly state: string;
}

/** Options of a command that serves devices. Those without a value were not given. */
export interface ServeFlags {
  readonly listen?: ListenAddress;
  readonly deviceListen?: ListenAddress;
  readonly publicUrl?: string;
  readonly gatewayToken?: string;
  readonly allowAnonymous?: boolean;
  readonly adopt?: boolean;
}

/** Where the API and devices are served when nobody says. */
export const LISTEN_DEFAULT: ListenAddress = { host: '127.0.0.1', port: 8080 };

const COMMON = 'Common options:';

/** Adds what every command takes. */
export function addOutputOptions(
  command: Command,
  formats: readonly OutputFormat[] = ['text', 'json'],
): Command {
  return command
    .addOption(
      new Option('--output <format>', 'how data is written')
        .choices(formats)
        .default('text')
        .helpGroup(COMMON),
    )
    .addOption(new Option('--no-color', 'never colour; NO_COLOR does the same').helpGroup(COMMON))
    .addHelpOption(
      new Option('-h, --help', 'explain this command, with examples').helpGroup(COMMON),
    );
}

/** Adds the ways to reach the live fleet. */
export function addFleetOptions(command: Command): Command {
  const group = 'Live fleet:';
  return command
    .addOption(
      new Option('--server <url>', 'a running controller')
        .env('LOCKSTEP_SERVER')
        .argParser(parseUrl)
        .helpGroup(group),
    )
    .addOption(
      new Option('--token <token>', 'its API token; better in the environment')
        .env('LOCKSTEP_TOKEN')
        .helpGroup(group),
    )
    .addOption(
      new Option('--state <spec>', 'a state to open in place, without a controller')
        .default(STATE_DEFAULT)
        .env('LOCKSTEP_STATE')
        .helpGroup(group),
    );
}

/** Adds what a command that serves devices takes. Values from the environment are read by `settings.ts`. */
export function addServeOptions(command: Command): Command {
  const group = 'Serving devices:';
  return command
    .addOption(
      new Option('--listen <host:port>', 'where the API is served (default: 127.0.0.1:8080)')
        .argParser(parseListen)
        .helpGroup(group),
    )
    .addOption(
      new Option('--device-listen <host:port>', 'a port of their own for devices')
        .argParser(parseListen)
        .helpGroup(group),
    )
    .addOption(
      new Option('--public-url <url>', 'how devices reach it, where that is through a proxy')
        .argParser(parseUrl)
        .helpGroup(group),
    )
    .addOption(
      new Option(
        '--gateway-token <token>',
        'token that all devices may use; better in LOCKSTEP_GATEWAY_TOKEN',
      ).helpGroup(group),
    )
    .addOption(
      new Option(
        '--allow-anonymous',
        'serve devices without credentials: for trials only',
      ).helpGroup(group),
    )
    .addOption(
      new Option(
        '--adopt',
        'start releases although this state has never seen the product',
      ).helpGroup(group),
    );
}

/** Adds examples below the help: each a command line and what it does. */
export function addExamples(
  command: Command,
  examples: readonly (readonly [line: string, does: string])[],
): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, does]) => `  $ ${line.padEnd(width)}  # ${does}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** A whole number from `least` up. */
export function parseCount(least: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d{1,9}$/.test(text) && count >= least) return count;
    throw new InvalidArgumentError(`Give a whole number from ${least} up.`);
  };
}

/** Milliseconds of a duration such as `90s` or `1h30m`. */
export function parseDurationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new InvalidArgumentError('Give a duration such as 90s, 10m or 1h30m.');
}

/** `HOST:PORT`, `[V6]:PORT`, `:PORT` or `PORT`; without a host it is the loopback address. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3] ?? Number.NaN);
  if (match === null || !(port <= 65_535)) {
    throw new InvalidArgumentError('Give HOST:PORT, such as 127.0.0.1:8080 or 0.0.0.0:8080.');
  }
  return { host: match[1] ?? (match[2] || LISTEN_DEFAULT.host), port };
}

/** An absolute http or https URL, without a slash at its end. */
export function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) {
    return text.replace(/\/+$/, '');
  }
  throw new InvalidArgumentError('Give an absolute URL, such as http://127.0.0.1:8080.');
}

/** A firmware version, 1..65534. */
export function parseVersion(text: string): number {
  const version = Number(text);
  if (/^\d{1,5}$/.test(text) && version >= 1 && version <= 65_534) return version;
  throw new InvalidArgumentError('Give a version from 1 to 65534.');
}
