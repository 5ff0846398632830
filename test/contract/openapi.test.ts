// The API keeps what its document says: each route's real answer is checked against the schema that the server itself
// publishes, and the document against what OpenAPI 3.1 asks for.

import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FormatsPlugin } from 'ajv-formats';
import formatsModule from 'ajv-formats';
import type { OpenAPIV3_1 } from 'openapi-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { expectedDevice, type DeviceRecord } from '../../controller/model/device.ts';
import { planJson } from '../../controller/reports/plan-json.ts';
import { hashApiToken } from '../../controller/server/access.ts';
import {
  API_DESIRED,
  API_FIRMWARE,
  API_NOW,
  API_PLAN,
  startApi,
  type ApiUnderTest,
} from '../support/api.ts';

const DOCUMENT = '/api/v1/openapi.json';
const SNAPSHOT = {
  revision: 'r3',
  products: { thermostat: API_DESIRED },
  problems: [],
  frozen: [],
  productsByFile: { 'a.yaml': ['thermostat'] },
  refused: ['Release/thermostat/bench'],
  binaries: {},
};

/** One that the API under test knows. */
const TOKEN = 'shown-once';

const BASE = '/api/v1/products/thermostat';

const LOCK = {
  kind: 'lock',
  product: 'thermostat',
  device: 'bench-1',
  version: 42,
  flash: 'now',
};

/** One request per operation (more where there is more to see), with the status that it must have. */
const REQUESTS: readonly {
  readonly path: string;
  readonly template: string;
  readonly method?: 'post' | 'delete';
  readonly body?: unknown;
  readonly status?: number;
}[] = [
  { path: '/api/v1/status', template: '/api/v1/status' },
  { path: '/api/v1/products', template: '/api/v1/products' },
  { path: BASE, template: '/api/v1/products/{product}' },
  { path: '/api/v1/products/constructor', template: '/api/v1/products/{product}' },
  { path: '/api/v1/products/nothing', template: '/api/v1/products/{product}', status: 404 },
  { path: `${BASE}/firmware`, template: '/api/v1/products/{product}/firmware' },
  { path: `${BASE}/releases`, template: '/api/v1/products/{product}/releases' },
  { path: `${BASE}/rollouts`, template: '/api/v1/products/{product}/rollouts' },
  {
    path: '/api/v1/products/nothing/rollouts',
    template: '/api/v1/products/{product}/rollouts',
    status: 404,
  },
  { path: '/api/v1/sources', template: '/api/v1/sources' },
  { path: `${BASE}/locks`, template: '/api/v1/products/{product}/locks' },
  { path: `${BASE}/groups`, template: '/api/v1/products/{product}/groups' },
  { path: `${BASE}/convergence`, template: '/api/v1/products/{product}/convergence' },
  { path: `${BASE}/devices`, template: '/api/v1/products/{product}/devices' },
  { path: `${BASE}/devices?limit=1`, template: '/api/v1/products/{product}/devices' },
  {
    path: `${BASE}/devices?drifted=true&waiting=any&group=bench&online=true&sort=registration`,
    template: '/api/v1/products/{product}/devices',
  },
  {
    path: `${BASE}/devices?group=nobody`,
    template: '/api/v1/products/{product}/devices',
    status: 404,
  },
  {
    path: `${BASE}/devices?after=none`,
    template: '/api/v1/products/{product}/devices',
    status: 400,
  },
  { path: `${BASE}/devices?limit=0`, template: '/api/v1/products/{product}/devices', status: 400 },
  { path: `${BASE}/devices/bench-1`, template: '/api/v1/products/{product}/devices/{id}' },
  { path: `${BASE}/devices/e00f02`, template: '/api/v1/products/{product}/devices/{id}' },
  {
    path: `${BASE}/devices/gone`,
    template: '/api/v1/products/{product}/devices/{id}',
    status: 404,
  },
  {
    path: `${BASE}/devices/bench-1/attributes`,
    template: '/api/v1/products/{product}/devices/{id}/attributes',
  },
  { path: `${BASE}/devices/bench-1/why`, template: '/api/v1/products/{product}/devices/{id}/why' },
  { path: `${BASE}/devices/bench-2/why`, template: '/api/v1/products/{product}/devices/{id}/why' },
  { path: `${BASE}/devices/e00f02/why`, template: '/api/v1/products/{product}/devices/{id}/why' },
  {
    path: `${BASE}/devices/bench-1/actions`,
    template: '/api/v1/products/{product}/devices/{id}/actions',
  },
  {
    path: `${BASE}/devices/bench-1/actions/4711`,
    template: '/api/v1/products/{product}/devices/{id}/actions/{actionId}',
  },
  {
    path: `${BASE}/devices/bench-1/actions/1`,
    template: '/api/v1/products/{product}/devices/{id}/actions/{actionId}',
    status: 404,
  },
  { path: '/api/v1/session', template: '/api/v1/session' },
  {
    path: '/api/v1/session',
    template: '/api/v1/session',
    method: 'post',
    body: { token: TOKEN },
  },
  {
    path: '/api/v1/session',
    template: '/api/v1/session',
    method: 'post',
    body: { token: 'another' },
    status: 401,
  },
  { path: '/api/v1/session', template: '/api/v1/session', method: 'delete', status: 204 },
  { path: '/api/v1/events', template: '/api/v1/events' },
  { path: '/api/v1/events?limit=1', template: '/api/v1/events' },
  {
    path: '/api/v1/events?type=ActionOffered&type=ClockJumped&product=thermostat',
    template: '/api/v1/events',
  },
  { path: '/api/v1/plan', template: '/api/v1/plan', method: 'post', body: {} },
  {
    path: '/api/v1/plan',
    template: '/api/v1/plan',
    method: 'post',
    body: { adopt: true, snapshot: SNAPSHOT },
  },
  {
    path: '/api/v1/plan',
    template: '/api/v1/plan',
    method: 'post',
    body: { snapshot: {} },
    status: 400,
  },
  {
    path: '/api/v1/review',
    template: '/api/v1/review',
    method: 'post',
    body: {
      merged: { ...SNAPSHOT, binaries: {} },
      base: SNAPSHOT,
      adopt: false,
      pullRequest: {
        number: 7,
        title: 'Release 42',
        url: 'https://github.example.com/acme/fleet/pull/7',
        head: 'h1',
        base: 'b1',
        merge: 'm1',
      },
    },
  },
  {
    path: '/api/v1/review',
    template: '/api/v1/review',
    method: 'post',
    body: { merged: SNAPSHOT },
    status: 400,
  },
  {
    path: '/api/v1/sync',
    template: '/api/v1/sync',
    method: 'post',
    body: { pullRequest: 7 },
  },
  {
    path: '/api/v1/sync',
    template: '/api/v1/sync',
    method: 'post',
    body: { revision: 'r2', adopt: true, acceptHistory: false, plan: planJson(API_PLAN) },
  },
  { path: '/api/v1/stop', template: '/api/v1/stop', method: 'post', body: {} },
  { path: '/api/v1/resume', template: '/api/v1/resume', method: 'post', body: {} },
  { path: `${BASE}/proposals`, template: '/api/v1/products/{product}/proposals' },
  ...(['/api/v1/proposals/preview', '/api/v1/proposals'] as const).flatMap((path) => {
    const at = { path, template: path, method: 'post' } as const;
    const isShown = path.endsWith('preview');
    return [
      { ...at, body: { ...LOCK, reason: 'verify 42' } },
      { ...at, body: { kind: 'withdraw', product: 'thermostat', version: 42, reason: 'Bricks.' } },
      { ...at, body: { kind: 'release', product: 'thermostat', version: 42, group: null } },
      { ...at, body: { kind: 'approve', product: 'thermostat', version: 42, step: 'all' } },
      {
        ...at,
        body: { kind: 'resume', product: 'thermostat', group: 'bench' },
        status: isShown ? 200 : 503,
      },
      {
        ...at,
        body: { kind: 'unlock', product: 'thermostat', device: 'bench-1' },
        status: isShown ? 422 : 409,
      },
      { ...at, body: { ...LOCK, flash: 'never' }, status: 400 },
      { ...at, body: { ...LOCK, step: 'all' }, status: 400 },
      { ...at, body: { ...LOCK, kind: 'format' }, status: 400 },
    ];
  }),
  { path: '/api/v1/tokens', template: '/api/v1/tokens' },
  {
    path: '/api/v1/tokens',
    template: '/api/v1/tokens',
    method: 'post',
    body: { name: 'ci', role: 'viewer' },
    status: 201,
  },
  { path: '/api/v1/tokens/known', template: '/api/v1/tokens/{name}', method: 'delete' },
  {
    path: '/api/v1/tokens/nobody',
    template: '/api/v1/tokens/{name}',
    method: 'delete',
    status: 404,
  },
  {
    path: `${BASE}/devices/fresh/token`,
    template: '/api/v1/products/{product}/devices/{id}/token',
    method: 'post',
    status: 201,
  },
  {
    path: `${BASE}/devices/e00f02`,
    template: '/api/v1/products/{product}/devices/{id}',
    method: 'delete',
  },
];

let api: ApiUnderTest;
let document: OpenAPIV3_1.Document;
let ajv: Ajv2020;

beforeAll(async () => {
  api = await startApi();
  await fillState(api);
  const answer = await api.ask(DOCUMENT);
  document = answer.json as OpenAPIV3_1.Document;
  ajv = new Ajv2020({ strict: false, allErrors: true });
  // The module is CommonJS: its types and its loader do not agree on where the function is.
  const addFormats = formatsModule as unknown as FormatsPlugin;
  addFormats(ajv);
  ajv.addSchema(document, 'api');
});

afterAll(() => api.close());

describe('the answers of the API', () => {
  it('are what the document says, for every operation', async () => {
    const untried = new Set(operations().map(({ operation }) => operation.operationId));
    for (const { path, template, method = 'get', body, status = 200 } of REQUESTS) {
      const answer = await api.ask(path, { method: method.toUpperCase(), body });
      expect([path, answer.status, answer.status === status ? '' : answer.text]).toEqual([
        path,
        status,
        '',
      ]);
      untried.delete(document.paths?.[template]?.[method]?.operationId);
      const isEmpty = status === 204;
      expect(answer.headers['content-type']).toBe(
        isEmpty ? undefined : 'application/json; charset=utf-8',
      );
      const errors = isEmpty ? null : checkAnswer(template, method, status, answer.json);
      expect([path, errors]).toEqual([path, null]);
    }
    // A stream, of which `live.test.ts` reads what it sends.
    expect([...untried]).toEqual(['streamChanges']);
  });

  it('would be found out if they held a field that the document does not have', () => {
    const path = '/api/v1/products/{product}/devices/{id}/actions';
    expect(checkAnswer(path, 'get', 200, { items: [], more: 1 })).not.toBeNull();
    expect(checkAnswer(path, 'get', 200, { items: [{}] })).not.toBeNull();
  });
});

describe('the document', () => {
  it('is OpenAPI 3.1 with every part that it needs', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: 'Lockstep', version: expect.any(String) });
    const declared = new Set(document.tags?.map(({ name }) => name));
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations()) {
      expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
      expect(operation.summary).toBeTruthy();
      expect(operation.tags?.every((tag) => declared.has(tag))).toBe(true);
      const { responses = {} } = operation;
      const success = Object.keys(responses).filter((status) => status.startsWith('2'));
      expect(success).toHaveLength(1);
      expect(responses['default']).toBeDefined();
      const parameters = (operation.parameters ?? []) as readonly OpenAPIV3_1.ParameterObject[];
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
      const named = parameters.filter((each) => each.in === 'path');
      expect(named.map(({ name }) => name).sort()).toEqual(inPath.toSorted());
      expect(named.every(({ required }) => required === true)).toBe(true);
    }
  });

  it('refers to nothing that it does not hold', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, target]) => target ?? '',
    );
    expect(references.length).toBeGreaterThan(20);
    for (const target of new Set(references)) {
      expect(target).toMatch(/^#\/components\/schemas\/[A-Z][A-Za-z]+$/);
      expect(document.components?.schemas).toHaveProperty(target.split('/').at(-1) ?? '');
    }
  });

  it('closes every object, so that nothing can be answered that it does not name', () => {
    const open: string[] = [];
    visit(document.components?.schemas, '', (schema, at) => {
      if (schema['type'] === 'object' && 'properties' in schema) {
        if (schema['additionalProperties'] !== false) open.push(at);
      }
    });
    expect(open).toEqual([]);
  });
});

function operations(): readonly {
  readonly path: string;
  readonly operation: OpenAPIV3_1.OperationObject;
}[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    (['get', 'post', 'put', 'patch', 'delete'] as const).flatMap((method) => {
      const operation = item?.[method];
      return operation === undefined ? [] : [{ path, operation }];
    }),
  );
}

function checkAnswer(path: string, method: string, status: number, answer: unknown): unknown {
  const key = status < 300 ? String(status) : 'default';
  const pointer = ['paths', path, method, 'responses', key, 'content', 'application/json', 'schema']
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const validate = ajv.getSchema(`api#/${pointer}`);
  if (validate === undefined) return `no schema for ${method} ${path} ${key}`;
  return validate(answer) === true ? null : validate.errors;
}

function visit(
  value: unknown,
  at: string,
  look: (schema: Readonly<Record<string, unknown>>, at: string) => void,
): void {
  if (typeof value !== 'object' || value === null) return;
  look(value as Record<string, unknown>, at);
  for (const [key, each] of Object.entries(value)) visit(each, `${at}/${key}`, look);
}

/** Devices in as many states as there are, with history. */
async function fillState({ store }: ApiUnderTest): Promise<void> {
  await store.saveProduct({
    product: {
      name: 'thermostat',
      adoptedAt: API_NOW,
      stoppedAt: null,
      inForce: API_DESIRED,
      revision: 'r1',
      listenedMs: 0,
      conditions: [],
    },
    firmware: API_FIRMWARE,
  });
  const active = (id: string, change: Partial<DeviceRecord>): DeviceRecord => ({
    ...expectedDevice('thermostat', id),
    standing: 'active',
    registeredAt: API_NOW,
    reported: '41',
    running: 41,
    runningSince: 0,
    ...change,
  });
  const sha256 = API_FIRMWARE.find(({ version }) => version === 42)?.sha256 ?? '';
  const trace = { manifest: 'DeviceLock/lock-1', revision: 'r1' };
  await store.saveDevice({
    before: null,
    after: active('bench-1', {
      lock: {
        version: 42,
        flash: 'now',
        armed: true,
        manifest: 'lock-1',
        revision: 'r1',
        since: API_NOW,
      },
      action: {
        id: 4_711,
        version: 42,
        sha256,
        goal: 42,
        attempt: 2,
        phase: 'fetched',
        fetchedAt: API_NOW,
        claimedAt: null,
        offeredAt: API_NOW,
        deadline: 90_000_000,
        graceUntil: null,
        bootAtClaim: null,
        cancelPolls: 0,
        cancelRefused: false,
        round: 0,
        ...trace,
      },
      failures: {
        version: 42,
        round: 0,
        count: 1,
        retryAt: 10_050_000,
        lastAt: API_NOW,
        lastMessage: 'CRC',
      },
      outcome: { version: 42, round: 0, state: 'inFlight' },
      traits: { hw_rev: 'B', region: null },
    }),
    attributes: { fw_version: '41', __proto__x: 'y', 'key with blanks': '<b>' },
    contact: { at: API_NOW - 1_000, listened: 9_999_000, steadyAt: API_NOW - 1_000 },
    actions: [
      {
        product: 'thermostat',
        device: 'bench-1',
        id: 4_711,
        version: 42,
        sha256,
        attempt: 2,
        state: 'open',
        confirmed: false,
        offeredAt: API_NOW,
        fetchedAt: API_NOW,
        closedAt: null,
        message: null,
        ...trace,
      },
    ],
    feedback: {
      actionId: 4_711,
      entry: {
        at: API_NOW,
        execution: 'proceeding',
        finished: 'none',
        progress: { cnt: 1, of: 5 },
        code: null,
        details: ['Downloading'],
      },
    },
    evidence: [
      {
        product: 'thermostat',
        version: 41,
        sha256: API_FIRMWARE.find(({ version }) => version === 41)?.sha256 ?? '',
        device: 'bench-1',
        level: 'reported',
        since: 0,
        passedAt: API_NOW,
        soakedMs: 0,
      },
    ],
    events: [
      {
        type: 'ActionOffered',
        at: API_NOW,
        product: 'thermostat',
        device: 'bench-1',
        actionId: 4_711,
        message: 'Offered version 42.',
        ...trace,
      },
    ],
  });
  await store.saveToken({
    name: 'known',
    role: 'viewer',
    hash: hashApiToken(TOKEN),
    createdAt: API_NOW,
  });
  const others = [
    active('e00f02', { standing: 'quarantined', quarantine: 'no manifest names it' }),
    expectedDevice('thermostat', 'e00f03'),
  ];
  for (const after of others) await store.saveDevice({ before: null, after });
  await store.saveReleaseSamples('thermostat', {
    add: [{ round: 1, at: API_NOW, exposure: 125, inFlight: 1, succeeded: 2, failed: 3 }],
    dropped: [],
    forgotten: [],
  });
  const plain = { revision: null, manifest: null, device: null, actionId: null, product: null };
  await store.addEvents([{ type: 'ClockJumped', at: API_NOW, message: 'Jumped.', ...plain }]);
}
