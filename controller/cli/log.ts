// The log of a process that serves: JSON lines for machines, short lines for a terminal. What is logged is decided by
// whoever logs.

import { pino } from 'pino';

import type { ReconcilerLog } from '../reconciler/ports.ts';
import type { Shell } from './shell.ts';

/** A log to stderr. `LOCKSTEP_LOG` sets its level (default: info). */
export function createLog(shell: Shell): ReconcilerLog {
  const wanted = shell.env['LOCKSTEP_LOG'] ?? 'info';
  const level = ['debug', 'info', 'warn', 'error', 'silent'].includes(wanted) ? wanted : 'info';
  const write = shell.isErrorTerminal
    ? (line: string): void => shell.note(renderLogLine(line))
    : (line: string): void => shell.note(line.trimEnd());
  const formatters = { level: (label: string): object => ({ level: label }) };
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters },
    { write },
  );
}

/** One JSON line as `12:34:56 warning: message (name=value)`. A line that is no JSON stays as it is. */
export function renderLogLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line.trimEnd();
  }
  const { level, time, msg, ...fields } = entry;
  const clock = typeof time === 'string' ? time.slice(11, 19) : '';
  const label = level === 'info' ? '' : `${level === 'warn' ? 'warning' : String(level)}: `;
  const details = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const tail = details.length === 0 ? '' : ` (${details.join(', ')})`;
  return `${clock} ${label}${String(msg)}${tail}`;
}
