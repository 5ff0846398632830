// What `run` and `apply` share: from flags to a controller that serves devices.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { ReconcilerLog } from '../reconciler/ports.ts';
import { type ReadNamedFile, settleForge } from './forge-options.ts';
import { describeFileTrouble } from './inspect.ts';
import type { ServeOptions } from './ports.ts';
import { readSourceArgument } from './load-source.ts';
import { type SettingFlags, type Settings, settleSettings } from './settings.ts';
import type { Shell } from './shell.ts';
import { settleSignatures } from './signature-keys.ts';

/** Settles the settings of a command that serves; `config` is the settings file. */
export async function readSettings(
  shell: Shell,
  flags: SettingFlags,
  config: string | undefined,
): Promise<Result<Settings, Failure>> {
  if (config === undefined) return settleSettings(flags, shell.env, null);
  let text: string;
  try {
    text = await readFile(resolve(shell.cwd, config), 'utf8');
  } catch (thrown) {
    return fail(failure('FileUnreadable', describeFileTrouble(config, thrown), 'stall'));
  }
  return settleSettings(flags, shell.env, { name: config, text });
}

/** The options of a controller with these settings, which follows its source. Fails where the source is named wrongly. */
export async function buildServeOptions(
  shell: Shell,
  settings: Settings,
  log: ReconcilerLog,
): Promise<Result<ServeOptions, Failure>> {
  const source = readSourceArgument(shell, settings.source ?? undefined);
  if (!source.ok) return source;
  const readNamed = readNamedFile(shell);
  const verify = await settleSignatures(settings, source.value, readNamed);
  if (!verify.ok) return verify;
  const forge = await settleForge(settings, source.value, readNamed);
  if (!forge.ok) return forge;
  const { state, listen, deviceListen, publicUrl, intervalMs, gatewayToken } = settings;
  const { particleToken, particleApi } = settings;
  return {
    ok: true,
    value: {
      source: source.value,
      stateSpec: state,
      listen,
      deviceListen,
      publicUrl,
      intervalMs,
      gatewayToken,
      particle: { token: particleToken, api: particleApi },
      allowAnonymous: settings.allowAnonymous,
      adopt: settings.adopt,
      verify: verify.value,
      forge:
        forge.value === null ? null : { settings: forge.value, binaryHosts: settings.reviewHosts },
      notices: settings.notices,
      proxy: settings.proxy,
      followSource: true,
      log,
    },
  };
}

/** Reads files that the settings name; paths are relative to where the command runs. */
function readNamedFile(shell: Shell): ReadNamedFile {
  return async (path) => {
    try {
      return ok(await readFile(resolve(shell.cwd, path), 'utf8'));
    } catch (thrown) {
      return fail(describeFileTrouble(path, thrown));
    }
  };
}

/** Says loudly what a trial may do and a fleet must not; and what keeps every device out. */
export function warnOfAdmission(shell: Shell, settings: Settings): void {
  if (settings.allowAnonymous) {
    shell.note(
      'WARNING: devices are served WITHOUT CREDENTIALS (--allow-anonymous): whoever reaches this port can register devices and fetch firmware. For trials only.',
    );
  }
}
