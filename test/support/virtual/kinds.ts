// What can happen in a history. Each kind has to occur in a run of the suite: what never happened was never tested.

/** Every kind of occurrence that is counted. */
export const KINDS = [
  'flash',
  'halt: hold',
  'halt: rollback',
  'fails: reports it',
  'fails: silent',
  'fails: names the old version',
  'fails: falls back',
  'fails: no outcome in time',
  'slow',
  'cancel offered',
  'cancel answered',
  'cancel refused',
  'cancel ignored',
  'restart',
  'kill',
  'clock ahead',
  'clock back',
  'outage',
  'dark fleet',
  'window closed while waiting',
  'rate reached',
  'rollback by revert',
  'return to the base',
  'attempt raised',
  'pause',
  'approval',
  'edit in flight',
  'unfinished release replaced',
  'release finished',
  'minimum of devices',
  'stepping stone',
  'withdrawal',
  'lock',
  'group release',
  'group move',
  'dormancy',
  'frozen revision',
  'emergency stop',
  'flashed by hand',
  'new device',
  'left alone',
] as const;

export type Kind = (typeof KINDS)[number];

/** How often each kind occurred. */
export type Occurrences = Record<Kind, number>;

/** Occurrences of nothing. */
export function noOccurrences(): Occurrences {
  const none: Partial<Occurrences> = {};
  for (const kind of KINDS) none[kind] = 0;
  return none as Occurrences;
}
