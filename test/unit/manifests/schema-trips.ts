// For each rule of each field of the schemas, a value that trips it. Data only; `schemas.test.ts` tries them.

import type { Kind } from '../../../controller/model/desired.ts';

/** A digest in the form that manifests want. */
export const SHA = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const MISSING = undefined;
const LONG = 'x'.repeat(30_000);

/** For each rule of each field, a value that trips it, and a word of what is said. */
export const TRIPS: readonly (readonly [Kind, string, readonly (readonly [unknown, string])[]])[] =
  [
    [
      'Product',
      'apiVersion',
      [
        [MISSING, 'is missing'],
        ['lockstep/v2', '`lockstep/v1`'],
      ],
    ],
    [
      'Product',
      'kind',
      [
        [MISSING, 'is missing'],
        ['Release', '`Product`'],
      ],
    ],
    [
      'Product',
      'metadata',
      [
        [MISSING, 'is missing'],
        ['x', 'a map of fields'],
      ],
    ],
    ['Product', 'metadata.label', [['x', 'no known field']]],
    [
      'Product',
      'metadata.name',
      [
        [MISSING, 'is missing'],
        [7, 'must be text'],
        ['Thermostat', 'DNS label'],
        ['-a', 'DNS label'],
        ['a-', 'DNS label'],
        ['a.b', 'DNS label'],
        ['', 'DNS label'],
        ['a'.repeat(64), 'DNS label'],
        ['api', 'reserved'],
        ['metrics', 'reserved'],
        ['healthz', 'reserved'],
        ['readyz', 'reserved'],
      ],
    ],
    [
      'Product',
      'spec',
      [
        [MISSING, 'is missing'],
        [[], 'a map of fields'],
      ],
    ],
    ['Product', 'spec.colour', [[1, 'no known field']]],
    [
      'Product',
      'spec.productId',
      [
        ['94', 'whole number'],
        [-1, 'from 0 to 65534'],
        [65535, 'from 0 to 65534'],
        [1.5, 'whole number'],
      ],
    ],
    [
      'Product',
      'spec.platform',
      [
        [1, 'must be text'],
        ['', 'letters'],
        ['a b', 'letters'],
        ['x'.repeat(65), 'at most 64'],
      ],
    ],
    [
      'Product',
      'spec.fleet',
      [
        [MISSING, 'is missing'],
        ['gateway', 'a map of fields'],
      ],
    ],
    ['Product', 'spec.fleet.pollIntervall', [['5m', '`pollInterval` is near']]],
    [
      'Product',
      'spec.fleet.driver',
      [
        [MISSING, 'is missing'],
        ['gatway', '`gateway`'],
        [1, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.fleet.admission',
      [
        ['closed', '`open` or `listed`'],
        [true, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.fleet.pollInterval',
      [
        ['5', 'a duration'],
        [5, 'must be text'],
        ['5 m', 'a duration'],
        ['1234567s', 'a duration'],
        ['1s'.repeat(17), 'at most 32'],
      ],
    ],
    [
      'Product',
      'spec.fleet.versionAttribute',
      [
        ['', 'attribute'],
        ['fw version', 'attribute'],
        ['x'.repeat(129), 'at most 128'],
        [1, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.fleet.bootAttribute',
      [
        ['', 'attribute'],
        [null, 'has no value'],
        ['x'.repeat(129), 'at most 128'],
      ],
    ],
    [
      'Product',
      'spec.fleet.productAttribute',
      [
        ['a b', 'attribute'],
        [1, 'must be text'],
        ['x'.repeat(129), 'at most 128'],
      ],
    ],
    [
      'Product',
      'spec.fleet.part',
      [
        ['', 'letters'],
        ['a b', 'letters'],
        ['x'.repeat(65), 'at most 64'],
        [1, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.fleet.tenant',
      [
        ['a/b', 'letters'],
        ['x'.repeat(64), 'at most 63'],
        ['API', 'reserved'],
        ['Metrics', 'reserved'],
        [1, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.fleet.product',
      [
        ['a b', 'a slug'],
        ['', 'a slug'],
        ['x'.repeat(129), 'at most 128'],
        [94, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.fleet.drift',
      [
        ['fight', '`mend` or `report`'],
        [true, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.fleet.attemptTimeout',
      [
        ['soon', 'a duration'],
        [24, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.fleet.rebootGrace',
      [
        ['15min', 'a duration'],
        [15, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.fleet.forgetAfter',
      [
        ['3w', 'a duration'],
        [90, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.fleet.retries',
      [
        [-1, 'from 0 to 100'],
        [101, 'from 0 to 100'],
        ['3', 'whole number'],
        [0.5, 'whole number'],
      ],
    ],
    ['Product', 'spec.verification', [['reported', 'a map of fields']]],
    ['Product', 'spec.verification.device', [[1, '`devices` is near']]],
    [
      'Product',
      'spec.verification.devices',
      [
        [0, 'from 1 to'],
        [100_001, 'from 1 to'],
        ['1', 'whole number'],
      ],
    ],
    [
      'Product',
      'spec.verification.soak',
      [
        ['1 hour', 'a duration'],
        [0, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.verification.group',
      [
        ['Bench', 'lower-case'],
        [1, 'must be text'],
      ],
    ],
    [
      'Product',
      'spec.verification.evidence',
      [
        ['seen', '`reported` or `flashed` or `claimed`'],
        [1, 'must be text'],
      ],
    ],
    ['Product', 'spec.guardrails', [[1, 'a map of fields']]],
    ['Product', 'spec.guardrails.maxAfected', [['1%', '`maxAffected` is near']]],
    [
      'Product',
      'spec.guardrails.maxAffected',
      [
        ['101%', 'percentage'],
        ['100.5%', 'percentage'],
        ['-1%', 'percentage'],
        ['25', 'percentage'],
        [25, 'must be text'],
        [`1.${'0'.repeat(20)}%`, 'at most 16'],
      ],
    ],
    [
      'Product',
      'spec.guardrails.maxUnlocked',
      [
        ['1000%', 'percentage'],
        [0.1, 'must be text'],
        ['1.%', 'percentage'],
        [`1.${'0'.repeat(20)}%`, 'at most 16'],
      ],
    ],
    [
      'Product',
      'spec.guardrails.maxUnverified',
      [
        [-1, 'from 0 to'],
        [1_000_001, 'from 0 to'],
        ['1', 'whole number'],
      ],
    ],
    [
      'Product',
      'spec.guardrails.allowEmpty',
      [
        ['yes', '`true` or `false`'],
        [1, '`true` or `false`'],
      ],
    ],

    [
      'Firmware',
      'metadata.name',
      [
        [MISSING, 'is missing'],
        ['A', 'lower-case'],
        ['a_b', 'lower-case'],
        ['.a', 'lower-case'],
        [42, 'must be text'],
      ],
    ],
    [
      'Firmware',
      'spec.product',
      [
        [MISSING, 'is missing'],
        ['A B', 'DNS label'],
        [1, 'must be text'],
      ],
    ],
    [
      'Firmware',
      'spec.version',
      [
        [MISSING, 'is missing'],
        [0, 'from 1 to 65534'],
        [65535, 'from 1 to 65534'],
        ['42', 'whole number'],
        ['1.4.2', 'whole number'],
        [1.4, 'whole number'],
        [null, 'has no value'],
      ],
    ],
    [
      'Firmware',
      'spec.reportedAs',
      [
        [42, 'must be text'],
        ['', 'white space'],
        [' 1', 'white space'],
        ['1\n2', 'white space'],
        ['x'.repeat(129), 'at most 128'],
      ],
    ],
    [
      'Firmware',
      'spec.title',
      [
        ['', 'is empty'],
        [42, 'must be text'],
        [LONG, 'at most 200'],
      ],
    ],
    [
      'Firmware',
      'spec.description',
      [
        ['', 'is empty'],
        [42, 'must be text'],
        [LONG, 'at most 20000'],
      ],
    ],
    [
      'Firmware',
      'spec.binary',
      [
        [MISSING, 'is missing'],
        ['firmware/42.bin', 'a map of fields'],
      ],
    ],
    ['Firmware', 'spec.binary.md5', [['x', 'no known field']]],
    [
      'Firmware',
      'spec.binary.path',
      [
        [MISSING, 'neither `path` nor `url`'],
        ['', 'is empty'],
        ['a\nb', 'control'],
        ['x'.repeat(1025), 'at most 1024'],
        [1, 'must be text'],
      ],
    ],
    ['Firmware', 'spec.binary.url', [['https://example.com/a', 'both `path` and `url`']]],
    [
      'Firmware',
      'spec.binary.sha256',
      [
        [MISSING, 'is missing'],
        ['abc', '64 hexadecimal'],
        [`${SHA}0`, '64 hexadecimal'],
        [1, 'must be text'],
      ],
    ],
    [
      'Firmware',
      'spec.binary.format',
      [
        ['elf', '`opaque`'],
        [1, 'must be text'],
      ],
    ],
    [
      'Firmware',
      'spec.withdrawn',
      [
        [true, 'a map of fields'],
        [{}, 'is missing'],
      ],
    ],
    ['Firmware', 'spec.withdrawn.by', [['me', 'no known field']]],
    [
      'Firmware',
      'spec.withdrawn.reason',
      [
        ['', 'is empty'],
        [1, 'must be text'],
        [LONG, 'at most 1000'],
      ],
    ],
    [
      'Firmware',
      'spec.withdrawn.url',
      [
        ['http://example.com', 'https://'],
        ['ftp://x', 'https://'],
        ['https://user:pw@example.com/', 'https://'],
        ['http://localhost.evil.example/', 'https://'],
        [`https://a/${LONG}`, 'at most 2048'],
        [1, 'must be text'],
      ],
    ],

    ['DeviceGroup', 'metadata.name', [['', 'lower-case']]],
    [
      'DeviceGroup',
      'spec.product',
      [
        [MISSING, 'is missing'],
        ['', 'DNS label'],
      ],
    ],
    [
      'DeviceGroup',
      'spec.devices',
      [
        [MISSING, 'neither `devices` nor `match`'],
        [[], 'empty list'],
        ['a', 'a list'],
        [['a', 'a'], 'already'],
        [['a b'], 'white space'],
        [[''], 'white space'],
        [['x'.repeat(257)], 'at most 256'],
        [[123456], 'must be text'],
      ],
    ],
    ['DeviceGroup', 'spec.members', [[1, 'no known field']]],

    ['DeviceLock', 'metadata.name', [['UP', 'lower-case']]],
    [
      'DeviceLock',
      'spec.product',
      [
        [MISSING, 'is missing'],
        [1, 'must be text'],
      ],
    ],
    [
      'DeviceLock',
      'spec.devices',
      [
        [MISSING, 'neither `devices` nor `group`'],
        [[], 'empty list'],
        [['a', 'b', 'a'], 'already'],
        [[1], 'must be text'],
        [['x'.repeat(257)], 'at most 256'],
      ],
    ],
    ['DeviceLock', 'spec.group', [['bench', 'both `devices` and `group`']]],
    [
      'DeviceLock',
      'spec.version',
      [
        [MISSING, 'is missing'],
        [0, 'from 1'],
        [65535, 'from 1'],
      ],
    ],
    [
      'DeviceLock',
      'spec.flash',
      [
        [MISSING, 'is missing'],
        ['later', '`now` or `on-reset`'],
        [true, 'must be text'],
      ],
    ],
    [
      'DeviceLock',
      'spec.reason',
      [
        ['', 'is empty'],
        [42, 'must be text'],
        [LONG, 'at most 1000'],
      ],
    ],
    [
      'DeviceLock',
      'spec.owner',
      [
        ['', 'is empty'],
        [42, 'must be text'],
        [LONG, 'at most 200'],
      ],
    ],
    [
      'DeviceLock',
      'spec.expires',
      [
        ['2026-02-30', 'calendar'],
        ['31.12.2026', 'calendar'],
        [2026, 'must be text'],
      ],
    ],
    ['DeviceLock', 'spec.flsh', [['now', '`flash` is near']]],

    ['Release', 'metadata.name', [['Ä', 'lower-case']]],
    [
      'Release',
      'spec.product',
      [
        [MISSING, 'is missing'],
        [true, 'must be text'],
      ],
    ],
    [
      'Release',
      'spec.version',
      [
        [MISSING, 'is missing'],
        [-1, 'from 1'],
        [70_000, 'from 1'],
      ],
    ],
    [
      'Release',
      'spec.group',
      [
        ['Bench 1', 'lower-case'],
        [null, 'has no value'],
      ],
    ],
    ['Release', 'spec.versions', [[1, '`version` is near']]],
  ];
