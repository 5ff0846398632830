// Strategies as one line of text: the steps, then what holds for all of them, such as
// `canary:10%,min=2,soak=3h,ok=2 half:50%,approval all:100% rate=3/60m window=08:00-16:00@UTC halt=20%,2,rollback`.

import { formatDuration, parseDuration } from '../../../controller/base/duration.ts';
import type {
  HaltSpec,
  RateSpec,
  StepSpec,
  StrategySpec,
  Weekday,
  WindowSpec,
} from '../../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../../controller/model/desired.ts';

const WEEK: readonly Weekday[] = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Writes a strategy down. */
export function renderStrategy(strategy: StrategySpec): string {
  const { steps, rate, windows, halt, onRollback } = strategy;
  return [
    ...steps.map(renderStep),
    ...(rate === null ? [] : [`rate=${rate.flashes}/${formatDuration(rate.perMs)}`]),
    ...windows.map(renderWindow),
    `halt=${halt.failureRate}%,${halt.minAttempts},${halt.action}`,
    ...(onRollback === 'staged' ? ['rollback=staged'] : []),
  ].join(' ');
}

/** Reads what `renderStrategy` writes; what is left out is as without a strategy. Throws at what it does not know. */
export function parseStrategy(words: readonly string[]): StrategySpec {
  const steps: StepSpec[] = [];
  const windows: WindowSpec[] = [];
  let { rate, halt, onRollback } = DIRECT_STRATEGY;
  for (const word of words) {
    const [name, value] = splitOnce(word, '=');
    if (/^[a-z]\w*:/.test(word)) steps.push(parseStep(word));
    else if (name === 'rate') rate = parseRate(value);
    else if (name === 'window') windows.push(parseWindow(value));
    else if (name === 'halt') halt = parseHalt(value);
    else if (name === 'rollback') onRollback = value === 'staged' ? 'staged' : 'direct';
    else throw new Error(`"${word}" is no part of a strategy`);
  }
  return {
    steps: steps.length === 0 ? DIRECT_STRATEGY.steps : steps,
    rate,
    windows,
    halt,
    onRollback,
  };
}

function renderStep({ name, exposure, minDevices, soakMs, successes, approval }: StepSpec): string {
  return [
    `${name}:${exposure / 100}%`,
    ...(minDevices > 0 ? [`min=${minDevices}`] : []),
    ...(soakMs > 0 ? [`soak=${formatDuration(soakMs)}`] : []),
    ...(successes > 1 ? [`ok=${successes}`] : []),
    ...(approval ? ['approval'] : []),
  ].join(',');
}

function parseStep(word: string): StepSpec {
  const [name, rest] = splitOnce(word, ':');
  const [share = '', ...parts] = rest.split(',');
  const values = new Map(parts.map((part) => splitOnce(part, '=')));
  return {
    name,
    exposure: Math.round(readNumber(share.replace('%', '')) * 100),
    minDevices: readNumber(values.get('min') ?? '0'),
    soakMs: readDuration(values.get('soak') ?? '0s'),
    successes: readNumber(values.get('ok') ?? '1'),
    approval: values.has('approval'),
  };
}

function renderWindow({ days, fromMinute, toMinute, timezone }: WindowSpec): string {
  const when = days.length === WEEK.length ? '' : `${days.join('+')}/`;
  return `window=${when}${renderMinute(fromMinute)}-${renderMinute(toMinute)}@${timezone}`;
}

function parseWindow(value: string): WindowSpec {
  const [when, timezone] = splitOnce(value, '@');
  const [days, times] = when.includes('/') ? splitOnce(when, '/') : [WEEK.join('+'), when];
  const [from, to] = splitOnce(times, '-');
  return {
    days: WEEK.filter((day) => days.split('+').includes(day)),
    fromMinute: readMinute(from),
    toMinute: readMinute(to),
    timezone,
  };
}

function parseRate(value: string): RateSpec {
  const [flashes, per] = splitOnce(value, '/');
  return { flashes: readNumber(flashes), perMs: readDuration(per) };
}

function parseHalt(value: string): HaltSpec {
  const [rate = '', least = '', action] = value.split(',');
  return {
    failureRate: readNumber(rate.replace('%', '')),
    minAttempts: readNumber(least),
    action: action === 'rollback' ? 'rollback' : 'hold',
  };
}

function renderMinute(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}

function readMinute(text: string): number {
  const [hours, minutes] = splitOnce(text, ':');
  return readNumber(hours) * 60 + readNumber(minutes);
}

function readDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw new Error(`"${text}" is no duration`);
  return ms;
}

/** A number, or an error that names the text. */
export function readNumber(text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) throw new Error(`"${text}" is no number`);
  return value;
}

/** The text before and after the first separator; all of it and nothing where there is none. */
export function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
