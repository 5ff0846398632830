// Histories as text that a person can read and write: one line for the setup, one for each event. What follows `#` is a
// comment. A history that failed is printed like this, and a file of `test/scenario/staged` is one.

import { unreachable } from '../../../controller/base/assert.ts';
import type { Audience, Edit, Fate, Hardware, History, HistoryEvent, Setup } from './history.ts';
import { parseStrategy, readNumber, renderStrategy, splitOnce } from './strategy-text.ts';

/** What a setup line need not say. */
const DEFAULTS = {
  dice: 1,
  poll: 60,
  pass: 1,
  retries: 2,
  timeout: 24,
  grace: 2,
  boots: 'yes',
  verifiers: 1,
  hardware: '',
  listed: '',
} as const;

/** Writes a history down. */
export function renderHistory({ setup, events }: History): string {
  return [renderSetup(setup), ...events.map(renderEvent), ''].join('\n');
}

/** Reads a history. Throws at the first line that is none, with its number. */
export function parseHistory(text: string): History {
  let setup: Setup | null = null;
  const events: HistoryEvent[] = [];
  for (const [index, written] of text.split('\n').entries()) {
    const line = splitOnce(written, '#')[0].trim();
    if (line === '') continue;
    try {
      if (setup === null) setup = parseSetup(line);
      else events.push(parseEvent(line));
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new Error(`line ${index + 1}, "${line}": ${why}`, { cause: thrown });
    }
  }
  if (setup === null) throw new Error('there is no setup line');
  return { setup, events };
}

function renderSetup(setup: Setup): string {
  const values: readonly (readonly [string, string | number])[] = [
    ['dice', setup.dice],
    ['poll', setup.pollMinutes],
    ['pass', setup.passEvery],
    ['retries', setup.retries],
    ['timeout', setup.timeoutRounds],
    ['grace', setup.graceRounds],
    ['boots', setup.boots ? 'yes' : 'no'],
    ['verifiers', setup.verifiers],
    ['running', setup.running.join(',')],
    ['hardware', setup.hardware.join('')],
    ['listed', setup.listed.join(',')],
  ];
  return `setup ${values
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')}`;
}

function parseSetup(line: string): Setup {
  const [keyword = '', ...words] = line.split(/\s+/);
  if (keyword !== 'setup') throw new Error('the first line is the setup');
  const values = new Map(words.map((word) => splitOnce(word, '=')));
  for (const name of values.keys()) {
    if (name !== 'running' && !Object.hasOwn(DEFAULTS, name)) throw new Error(`no "${name}" here`);
  }
  const read = (name: keyof typeof DEFAULTS): string => values.get(name) ?? String(DEFAULTS[name]);
  const numbers = (text: string): readonly number[] =>
    text === '' ? [] : text.split(',').map(readNumber);
  const running = numbers(values.get('running') ?? '');
  if (running.length === 0) throw new Error('running= names what each device runs');
  const hardware = read('hardware').split('').map(readHardware);
  return {
    dice: readNumber(read('dice')),
    pollMinutes: readNumber(read('poll')),
    passEvery: readNumber(read('pass')),
    retries: readNumber(read('retries')),
    timeoutRounds: readNumber(read('timeout')),
    graceRounds: readNumber(read('grace')),
    boots: read('boots') === 'yes',
    verifiers: readNumber(read('verifiers')),
    running,
    hardware: running.map((_, index) => hardware[index] ?? 'a'),
    listed: numbers(read('listed')),
  };
}

/** Writes one event down, as a line. */
export function renderEvent(event: HistoryEvent): string {
  switch (event.type) {
    case 'commit':
      return `commit ${event.edits.map(renderEdit).join('; ')}`;
    case 'revert':
    case 'stop':
    case 'resume':
      return event.type;
    case 'broken':
      return `broken ${event.file}`;
    case 'wait':
    case 'restart':
    case 'kill':
    case 'outage':
    case 'dark':
      return `${event.type} ${event.rounds}`;
    case 'jump':
      return `jump ${event.minutes}`;
    case 'fate':
      return `fate ${event.device} ${event.fate}`;
    case 'spoil':
      return `spoil ${event.version} ${event.percent}%`;
    case 'manners':
      return `manners ${event.device} ${event.manners}`;
    case 'lazy':
      return `lazy ${event.device} ${event.polls}`;
    case 'reflash':
      return `reflash ${event.device} ${event.version}`;
    case 'silence':
      return `silence ${event.device} ${event.rounds}`;
    case 'hardware':
      return `hardware ${event.device} ${event.hardware}`;
    case 'join':
      return `join ${event.version} ${event.hardware}`;
    default:
      return unreachable(event);
  }
}

function parseEvent(line: string): HistoryEvent {
  const [type, rest] = splitOnce(line, ' ');
  const [first = '', second = ''] = rest.trim().split(/\s+/);
  switch (type) {
    case 'commit':
      return { type, edits: rest.split(';').map((edit) => parseEdit(edit.trim())) };
    case 'revert':
    case 'stop':
    case 'resume':
      return { type };
    case 'broken':
      return { type, file: first === 'new' ? 'new' : 'known' };
    case 'wait':
    case 'restart':
    case 'kill':
    case 'outage':
    case 'dark':
      return { type, rounds: readNumber(first) };
    case 'jump':
      return { type, minutes: readNumber(first) };
    case 'fate':
      return { type, device: readNumber(first), fate: readFate(second) };
    case 'spoil':
      return { type, version: readNumber(first), percent: readNumber(second.replace('%', '')) };
    case 'manners':
      if (second !== 'answers' && second !== 'refuses' && second !== 'ignores') break;
      return { type, device: readNumber(first), manners: second };
    case 'lazy':
      return { type, device: readNumber(first), polls: readNumber(second) };
    case 'reflash':
      return { type, device: readNumber(first), version: readNumber(second) };
    case 'silence':
      return { type, device: readNumber(first), rounds: readNumber(second) };
    case 'hardware':
      return { type, device: readNumber(first), hardware: readHardware(second) };
    case 'join':
      return { type, version: readNumber(first), hardware: readHardware(second) };
  }
  throw new Error('no such event');
}

function renderEdit(edit: Edit): string {
  switch (edit.type) {
    case 'firmware':
      return `firmware ${edit.version}${edit.from === null ? '' : ` from ${edit.from}`}`;
    case 'release':
      return `release ${edit.audience} ${edit.version} ${renderStrategy(edit.strategy)}`;
    case 'strategy':
      return `strategy ${edit.audience} ${renderStrategy(edit.strategy)}`;
    case 'approve':
      return `approve ${edit.audience} ${edit.step}`;
    case 'unrelease':
    case 'attempt':
    case 'pause':
    case 'unpause':
      return `${edit.type} ${edit.audience}`;
    case 'withdraw':
    case 'restore':
      return `${edit.type} ${edit.version}`;
    case 'lock':
      return `lock ${edit.device} ${edit.version} ${edit.flash}`;
    case 'unlock':
      return `unlock ${edit.device}`;
    default:
      return unreachable(edit);
  }
}

function parseEdit(text: string): Edit {
  const [type = '', first = '', second = '', ...rest] = text.split(/\s+/);
  switch (type) {
    case 'firmware':
      return {
        type,
        version: readNumber(first),
        from: second === 'from' ? readNumber(rest[0] ?? '') : null,
      };
    case 'release':
      return {
        type,
        audience: readAudience(first),
        version: readNumber(second),
        strategy: parseStrategy(rest),
      };
    case 'strategy':
      return {
        type,
        audience: readAudience(first),
        strategy: parseStrategy(second === '' ? [] : [second, ...rest]),
      };
    case 'approve':
      return { type, audience: readAudience(first), step: readNumber(second) };
    case 'unrelease':
    case 'attempt':
    case 'pause':
    case 'unpause':
      return { type, audience: readAudience(first) };
    case 'withdraw':
    case 'restore':
      return { type, version: readNumber(first) };
    case 'lock':
      return {
        type,
        device: readNumber(first),
        version: readNumber(second),
        flash: rest[0] === 'on-reset' ? 'on-reset' : 'now',
      };
    case 'unlock':
      return { type, device: readNumber(first) };
    default:
      throw new Error(`"${text}" is no edit`);
  }
}

function readAudience(text: string): Audience {
  if (text === 'all' || text === 'listed' || text === 'matched') return text;
  throw new Error(`"${text}" is neither all, listed nor matched`);
}

function readHardware(text: string): Hardware {
  if (text === 'a' || text === 'b') return text;
  throw new Error(`"${text}" is no hardware`);
}

const FATES: readonly Fate[] = [
  'works',
  'wordless',
  'slow',
  'fails',
  'silent',
  'pretends',
  'fallsBack',
  'stalls',
];

function readFate(text: string): Fate {
  const fate = FATES.find((each) => each === text);
  if (fate === undefined) throw new Error(`"${text}" is none of ${FATES.join(', ')}`);
  return fate;
}
