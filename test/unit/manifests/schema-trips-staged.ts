// For each rule of each field of a staged release, a value that trips it, and a word of what is said. Data only;
// `schemas.test.ts` tries them.

import type { Kind } from '../../../controller/model/desired.ts';

const MISSING = undefined;
const STEP = 'spec.strategy.steps.0';
const WINDOW = 'spec.strategy.windows.0';
const step = (index: number) => ({ name: `s${index}`, exposure: '1%' });
const window = { days: ['Mon'], from: '08:00', to: '15:00', timezone: 'UTC' };

export const STAGED_TRIPS: readonly (readonly [
  Kind,
  string,
  readonly (readonly [unknown, string])[],
])[] = [
  [
    'Product',
    'spec.fleet.groupBy',
    [
      ['hw_rev', 'a list'],
      [['a', 'b', 'c', 'd', 'e'], 'has 5 entries, but at most 4'],
      [['hw_rev', 'hw_rev'], 'already'],
      [['hw rev'], 'name of an attribute'],
      [['x'.repeat(129)], 'at most 128'],
      [[1], 'must be text'],
    ],
  ],
  [
    'Firmware',
    'spec.requires',
    [
      [40, 'a map of fields'],
      [{}, '`spec.requires.from` is missing'],
      [{ from: 40, to: 41 }, 'no known field'],
    ],
  ],
  [
    'Firmware',
    'spec.requires.from',
    [
      [0, 'from 1 to 65534'],
      [65535, 'from 1 to 65534'],
      ['40', 'whole number'],
    ],
  ],
  [
    'DeviceGroup',
    'spec.match',
    [
      [MISSING, 'neither `devices` nor `match`'],
      [{}, 'is an empty map'],
      [['hw_rev'], 'a map of fields'],
      [{ a: '1', b: '1', c: '1', d: '1', e: '1' }, 'has 5 entries, but at most 4'],
      [{ 'hw rev': 'B' }, '`spec.match.hw rev` is "hw rev", but must be the name of an attribute'],
      [{ ['x'.repeat(129)]: 'B' }, 'is 129 characters long, but at most 128'],
    ],
  ],
  [
    'DeviceGroup',
    'spec.match.hw_rev',
    [
      [2, 'must be text, but YAML reads `2` as a number'],
      [true, 'must be text, but YAML reads `true` as true or false'],
      [null, 'has no value'],
      [['B'], 'must be text'],
      ['x'.repeat(65), 'at most 64'],
    ],
  ],
  [
    'Release',
    'spec.strategy',
    [
      ['canary', 'a map of fields'],
      [{ step: [] }, '`steps` is near'],
    ],
  ],
  [
    'Release',
    'spec.strategy.steps',
    [
      [[], 'is an empty list'],
      [step(1), 'a list'],
      [['canary'], 'a map of fields'],
      [Array.from({ length: 51 }, (_, index) => step(index)), 'has 51 entries, but at most 50'],
      [[{ name: 'a', exposure: '1%', soaks: '1h' }], '`soak` is near'],
    ],
  ],
  [
    'Release',
    `${STEP}.name`,
    [
      [MISSING, 'is missing'],
      ['Canary', 'lower-case'],
      ['-a', 'lower-case'],
      ['', 'lower-case'],
      ['x'.repeat(64), '1 to 63'],
      [1, 'must be text'],
    ],
  ],
  [
    'Release',
    `${STEP}.exposure`,
    [
      [MISSING, 'is missing'],
      [1, 'must be text'],
      ['1', 'percentage'],
      ['0%', 'percentage'],
      ['0.00%', 'percentage'],
      ['0.001%', 'two decimals'],
      ['100.1%', 'percentage'],
      ['101%', 'percentage'],
      [`1${'0'.repeat(20)}%`, 'at most 16'],
    ],
  ],
  [
    'Release',
    `${STEP}.minDevices`,
    [
      [-1, 'from 0 to 1000000'],
      [1_000_001, 'from 0 to 1000000'],
      ['5', 'whole number'],
    ],
  ],
  [
    'Release',
    `${STEP}.soak`,
    [
      ['1 day', 'a duration'],
      [24, 'must be text'],
      ['1s'.repeat(17), 'at most 32'],
    ],
  ],
  [
    'Release',
    `${STEP}.successes`,
    [
      [0, 'from 1 to 1000000'],
      [1_000_001, 'from 1 to 1000000'],
      [1.5, 'whole number'],
    ],
  ],
  [
    'Release',
    `${STEP}.approval`,
    [
      ['none', '`required`'],
      [true, 'must be text'],
    ],
  ],
  [
    'Release',
    'spec.strategy.rate',
    [
      ['0/min', 'N/min'],
      ['1000001/min', 'N/min'],
      ['100/minute', 'N/min'],
      ['100', 'N/min'],
      [100, 'must be text'],
    ],
  ],
  [
    'Release',
    'spec.strategy.windows',
    [
      [window, 'a list'],
      [Array.from({ length: 21 }, () => window), 'has 21 entries, but at most 20'],
      [[{ ...window, until: '1' }], 'no known field'],
      [['always'], 'a map of fields'],
    ],
  ],
  [
    'Release',
    `${WINDOW}.days`,
    [
      [MISSING, 'is missing'],
      [[], 'is an empty list'],
      [['Mon', 'Mon'], 'already'],
      [['Monday'], '`Mon` or `Tue`'],
      ['Mon', 'a list'],
    ],
  ],
  [
    'Release',
    `${WINDOW}.from`,
    [
      [MISSING, 'is missing'],
      ['24:00', '00:00 to 23:59'],
      ['8:00', '00:00 to 23:59'],
      ['08:60', '00:00 to 23:59'],
      [8, 'must be text'],
    ],
  ],
  [
    'Release',
    `${WINDOW}.to`,
    [
      [MISSING, 'is missing'],
      ['00:00', '00:01 to 24:00'],
      ['24:01', '00:01 to 24:00'],
      [15, 'must be text'],
    ],
  ],
  [
    'Release',
    `${WINDOW}.timezone`,
    [
      [MISSING, 'is missing'],
      ['', 'is empty'],
      [1, 'must be text'],
      ['x'.repeat(65), 'at most 64'],
    ],
  ],
  [
    'Release',
    'spec.strategy.halt',
    [
      ['hold', 'a map of fields'],
      [{ failures: '2%' }, 'no known field'],
    ],
  ],
  [
    'Release',
    'spec.strategy.halt.failureRate',
    [
      [2, 'must be text'],
      ['101%', 'percentage'],
      [`1.${'0'.repeat(20)}%`, 'at most 16'],
    ],
  ],
  [
    'Release',
    'spec.strategy.halt.minAttempts',
    [
      [0, 'from 1 to 1000000'],
      [1_000_001, 'from 1 to 1000000'],
      ['5', 'whole number'],
    ],
  ],
  [
    'Release',
    'spec.strategy.halt.action',
    [
      ['stop', '`hold` or `rollback`'],
      [true, 'must be text'],
    ],
  ],
  [
    'Release',
    'spec.strategy.onRollback',
    [
      ['now', '`direct` or `staged`'],
      [1, 'must be text'],
    ],
  ],
  [
    'Release',
    'spec.approved',
    [
      ['42/half', 'a list'],
      [['half'], 'VERSION/STEP'],
      [['042/half'], 'VERSION/STEP'],
      [['42/'], 'VERSION/STEP'],
      [['42/half', '42/half'], 'already'],
      [[42], 'must be text'],
      [Array.from({ length: 51 }, (_, index) => `42/s${index}`), 'has 51 entries, but at most 50'],
    ],
  ],
  [
    'Release',
    'spec.attempt',
    [
      [0, 'from 1 to 1000000'],
      [1_000_001, 'from 1 to 1000000'],
      ['2', 'whole number'],
    ],
  ],
  [
    'Release',
    'spec.paused',
    [
      ['yes', '`true` or `false`'],
      [1, '`true` or `false`'],
    ],
  ],
];
