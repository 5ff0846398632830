// `lockstep simulate`: simulated devices against a gateway. How a device behaves is in `simulator/`; the options that
// make it fail are in `simulate-faults.ts`.

import { type Command, InvalidArgumentError, Option } from 'commander';

import { type ClientStyle, STYLES } from '../simulator/client-style.ts';
import { createSimulatedFleet, type SimulatedFleet } from '../simulator/fleet.ts';
import { renderPlainLine } from '../simulator/progress.ts';
import type { FleetSnapshot } from '../simulator/snapshot.ts';
import { createLiveLine } from './live-line.ts';
import { addExamples, addOutputOptions, parseCount, parseDurationMs, parseUrl } from './options.ts';
import { pause, type Shell } from './shell.ts';
import {
  createAttributeShareOption,
  addFaultOptions,
  type FaultOptions,
  readFaults,
} from './simulate-faults.ts';
import { findGoal, renderSimulationLine, type SimulationGoal } from './simulation-line.ts';

interface SimulateOptions extends FaultOptions {
  readonly server: string;
  readonly product: string;
  readonly devices: number;
  readonly id?: readonly string[];
  readonly prefix: string;
  readonly version: string;
  readonly gatewayToken?: string;
  readonly versionAttribute: string;
  readonly bootAttribute?: string;
  readonly attribute?: Readonly<Record<string, string>>;
  readonly style: ClientStyle;
  readonly install: number;
  readonly reboot: number;
  readonly poll?: number;
  readonly seed: number;
  readonly duration?: number;
  readonly untilIdle?: number;
}

const TICK_MS = 500;

/** Adds the command. Exit code 0 when it was stopped, or ended by itself. */
export function addSimulate(program: Command, shell: Shell): void {
  const command = program
    .command('simulate')
    .summary('simulated devices that speak DDI to a gateway')
    .description(
      'Runs simulated devices that poll a gateway over DDI, install what they are offered, and can be given faults. Ends with Ctrl-C, --duration or --until-idle.',
    )
    .addOption(
      new Option('--server <url>', 'the gateway')
        .env('LOCKSTEP_SERVER')
        .default('http://127.0.0.1:8080')
        .argParser(parseUrl),
    )
    .requiredOption('--product <name>', 'whose devices they are')
    .addOption(new Option('--devices <n>', 'how many').default(10).argParser(parseCount(1)))
    .option('--id <id...>', 'devices by their ids, instead of a number of them')
    .option('--prefix <text>', 'before the number of each device', 'sim-')
    .option('--version <text>', 'what they run at first, as they report it', '1')
    .addOption(
      new Option('--gateway-token <token>', 'their credentials; better in the environment').env(
        'LOCKSTEP_GATEWAY_TOKEN',
      ),
    )
    .option('--version-attribute <name>', 'attribute that names the version', 'fw_version')
    .option('--boot-attribute <name>', 'attribute that counts boots (default: none is sent)')
    .addOption(
      new Option('--attribute <name=value>', 'a further attribute; may be repeated').argParser(
        collectAttribute,
      ),
    )
    .addOption(createAttributeShareOption())
    .addOption(
      new Option('--style <client>', 'the client that they behave like')
        .choices(Object.keys(STYLES))
        .default('rauc'),
    )
    .addOption(durationOption('--install <duration>', 'time to install', 2_000, '2s'))
    .addOption(durationOption('--reboot <duration>', 'time to reboot', 3_000, '3s'))
    .addOption(
      new Option('--poll <duration>', 'time between polls (default: as the server says)').argParser(
        parseDurationMs,
      ),
    )
    .addOption(
      new Option('--seed <n>', 'decides faults and jitter').default(1).argParser(parseCount(0)),
    )
    .addOption(
      new Option('--duration <duration>', 'end after this time').argParser(parseDurationMs),
    )
    .addOption(
      new Option(
        '--until-idle [duration]',
        'end once nothing has moved for this time (default: 30s)',
      )
        .preset('30s')
        .argParser(parseDurationMs),
    );
  addFaultOptions(command);
  command.action(async (options: SimulateOptions) => {
    shell.exitCode = await simulate(shell, options, readFaults(command, options));
  });
  addOutputOptions(command);
  addExamples(command, [
    ['lockstep simulate --product thermostat --gateway-token trial', 'ten devices on version 1'],
    ['lockstep simulate --product thermostat --devices 5000 --version 41', 'a fleet on version 41'],
    [
      'lockstep simulate --product thermostat --fail-install 2% --until-idle',
      'with failures, to its end',
    ],
    [
      'lockstep simulate --product thermostat --bad-version 42=20%:fall-back:30s --spare sim-00001',
      'a bad release: a fifth of the devices falls back from 42, not the bench',
    ],
    [
      'lockstep simulate --product thermostat --attribute hw_rev=A --attribute-share hw_rev=B:30%',
      'devices of two revisions',
    ],
  ]);
}

async function simulate(
  shell: Shell,
  options: SimulateOptions,
  faults: ReturnType<typeof readFaults>,
): Promise<number> {
  const interrupted = shell.interruption({ orClosed: true });
  const { poll } = options;
  const fleet = createSimulatedFleet({
    server: options.server,
    product: options.product,
    devices: options.id ?? options.devices,
    prefix: options.prefix,
    version: options.version,
    auth: options.gatewayToken === undefined ? null : { gatewayToken: options.gatewayToken },
    versionAttribute: options.versionAttribute,
    bootAttribute: options.bootAttribute ?? null,
    attributes: options.attribute ?? {},
    style: options.style,
    installMs: options.install,
    rebootMs: options.reboot,
    seed: options.seed,
    ...faults,
    ...(poll === undefined ? {} : { pollOverrideMs: poll }),
  });
  fleet.start();
  try {
    await follow(shell, fleet, options, interrupted);
  } finally {
    await fleet.stop();
  }
  const last = fleet.snapshot();
  if (shell.output === 'json') shell.writeJson(last);
  else shell.write(`${renderPlainLine(last)}\n`);
  return 0;
}

async function follow(
  shell: Shell,
  fleet: SimulatedFleet,
  options: Pick<SimulateOptions, 'duration' | 'untilIdle'>,
  interrupted: AbortSignal,
): Promise<void> {
  const line = createLiveLine(shell);
  const startedMs = shell.clock.monotonicMs();
  let movedAtMs = startedMs;
  let before: FleetSnapshot | null = null;
  let goal: SimulationGoal | null = null;
  while (!interrupted.aborted) {
    const snapshot = fleet.snapshot();
    const aim: SimulationGoal | null = before === null ? null : findGoal(snapshot, before, goal);
    goal = aim;
    line.show((width) => renderSimulationLine(snapshot, aim, width), renderPlainLine(snapshot));
    const nowMs = shell.clock.monotonicMs();
    if (before === null || isMoving(snapshot, before)) movedAtMs = nowMs;
    before = snapshot;
    if (nowMs - startedMs >= (options.duration ?? Infinity)) break;
    if (nowMs - movedAtMs >= (options.untilIdle ?? Infinity)) break;
    const leftMs = (options.duration ?? Infinity) - (nowMs - startedMs);
    await pause(Math.max(1, Math.min(TICK_MS, leftMs)), interrupted);
  }
  line.end();
}

/** Whether a device is on its way, or one has changed what it runs since. */
function isMoving(snapshot: FleetSnapshot, before: FleetSnapshot): boolean {
  return (
    snapshot.downloading + snapshot.installing + snapshot.rebooting > 0 ||
    snapshot.online !== before.online ||
    JSON.stringify(snapshot.byVersion) !== JSON.stringify(before.byVersion)
  );
}

function durationOption(flags: string, does: string, ms: number, text: string): Option {
  return new Option(flags, does).default(ms, text).argParser(parseDurationMs);
}

function collectAttribute(
  text: string,
  before: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Give NAME=VALUE.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
