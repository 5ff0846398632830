// A started API for tests: a real server on a free port over a real SQLite state, and a controller that holds one product
// and notes what it is asked for.

import { mkdtemp, rm } from 'node:fs/promises';
import { request as sendRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { failure, type Failure } from '../../controller/base/failure.ts';
import { fail, ok, type Result } from '../../controller/base/result.ts';
import { compilePolicy } from '../../controller/devices/policy.ts';
import type { Desired } from '../../controller/model/desired.ts';
import type { Excerpt } from '../../controller/model/excerpt.ts';
import type { Moment } from '../../controller/model/device.ts';
import type { FirmwareRecord } from '../../controller/model/firmware.ts';
import type { LiveState } from '../../controller/model/live.ts';
import type { PageTemplates } from '../../controller/model/pages.ts';
import type { Plan, ReleaseWait } from '../../controller/model/plan.ts';
import type { ChangeReview } from '../../controller/model/review.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import { BUCKETS } from '../../controller/model/rollout.ts';
import type { ProposalDesk } from '../../controller/proposer/ports.ts';
import type { Controller, ControllerView } from '../../controller/reconciler/controller.ts';
import { createServer, type Server } from '../../controller/server/create-server.ts';
import { createPassTimes, type PassTimes } from '../../controller/server/pass-times.ts';
import type {
  ForgePort,
  NoticesView,
  ServerOptions,
  TrafficView,
} from '../../controller/server/ports.ts';
import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../controller/stores/store.ts';
import { buildDesired } from './desired.ts';

export const API_NOW = Date.UTC(2026, 0, 5, 12);

/** The one product of the API under test: 41 released to everyone, `bench-1` and `bench-2` locked to 42. */
export const API_DESIRED: Desired = buildDesired({
  firmware: [
    { version: 41, title: 'First light' },
    { version: 42 },
    { version: 40, withdrawn: true },
  ],
  groups: { bench: ['bench-1', 'bench-2'] },
  locks: [{ version: 42, group: 'bench', devices: null, flash: 'now' }],
  release: 41,
  groupReleases: { bench: 41 },
});

/** As it is in force: both releases have finished. */
export const API_IN_FORCE: Desired = {
  ...API_DESIRED,
  rollout: {
    rounds: 2,
    tracks: [null, 'bench'].map((group, index) => ({
      group,
      base: 41,
      rolledBack: [],
      release: {
        version: 41,
        round: index + 1,
        attempt: 1,
        rollback: false,
        step: 'all',
        limit: BUCKETS,
        stepAt: API_NOW,
        runningBefore: 0,
        soakSince: 0,
        startedAt: API_NOW,
        finishedAt: API_NOW,
        halt: null,
        baseBefore: null,
      },
    })),
  },
};

/** What the state remembers of its versions. */
export const API_FIRMWARE: readonly FirmwareRecord[] = API_DESIRED.firmware.map(({ spec }) => ({
  product: 'thermostat',
  version: spec.version,
  sha256: spec.binary.sha256,
  size: 4_096,
  sha1: '1'.repeat(40),
  md5: '2'.repeat(32),
  addedAt: API_NOW,
  addedRevision: 'r1',
  verifiedAt: spec.version === 41 ? API_NOW : null,
  finishedAt: null,
  withdrawnAt: null,
  stored: true,
}));

const LIVE: LiveState = {
  product: 'thermostat',
  adopted: true,
  stopped: false,
  devices: 5,
  offline: 1,
  quarantined: 1,
  unlocked: [
    { version: 41, devices: 2 },
    { version: 7, devices: 1 },
    { version: null, devices: 1 },
  ],
  locked: [{ version: 42, devices: 1 }],
  outcomes: [{ version: 41, inFlight: 1, succeeded: 2, failed: 1 }],
  rounds: [],
  census: [],
  listened: 10_000_000,
  listening: true,
  named: new Map([
    [
      'bench-1',
      {
        id: 'bench-1',
        standing: 'active',
        running: 42,
        online: true,
        lock: {
          version: 42,
          flash: 'now',
          armed: true,
          manifest: 'lock-1',
          revision: 'r1',
          since: API_NOW,
        },
        failing: false,
        actionVersion: null,
        traits: {},
        dormant: false,
      },
    ],
  ]),
  firmware: API_FIRMWARE,
  evidence: [],
};

/** One of each thing that a release may wait for. */
const API_WAITS: readonly ReleaseWait[] = [
  { kind: 'devices' },
  { kind: 'approval', step: 'all' },
  { kind: 'successes', have: 1, need: 2 },
  { kind: 'soak', leftMs: 3_600_000 },
  { kind: 'failureRate', failed: 1, succeeded: 2 },
  { kind: 'window', opensAt: API_NOW },
  { kind: 'window', opensAt: null },
  { kind: 'halted', message: '1 of 3 devices failed.' },
  { kind: 'paused' },
  { kind: 'stopped' },
  { kind: 'frozen' },
  { kind: 'firmware', reason: 'BinaryMissing' },
];

/** A plan with one of each: action, refusal, warning, error. */
export const API_PLAN: Plan = {
  revision: 'r2',
  fingerprint: `sha256:${'ab'.repeat(32)}`,
  products: [
    {
      product: 'thermostat',
      frozen: false,
      actions: [
        {
          type: 'LockDevice',
          device: 'bench-1',
          version: 42,
          flash: 'now',
          trace: {
            revision: 'r2',
            manifest: 'DeviceLock/bench-on-42',
            place: { file: 'lock.yaml', line: 1, column: 1 },
          },
        },
        {
          type: 'SetExposure',
          version: 41,
          group: null,
          step: 'canary',
          from: 0,
          exposure: 125,
          cause: 'step',
          message: 'Step canary begins: exposure 1.25%.',
          trace: {
            revision: 'r2',
            manifest: 'Release/thermostat',
            place: { file: 'release.yaml', line: 1, column: 1 },
          },
        },
      ],
      refusals: [
        {
          reason: 'ReleaseUnverified',
          message: 'Version 42 is not verified.',
          remedy: 'Lock a bench device.',
          place: { file: 'release.yaml', line: 7, column: 12 },
          manifest: 'Release/bench',
          flashes: [{ from: 41, to: 42, devices: 2 }],
          lifts: 'devices',
        },
      ],
      warnings: [
        {
          reason: 'DeviceOffline',
          message: 'bench-2 is offline.',
          remedy: 'Nothing to do.',
          place: null,
        },
      ],
      impact: {
        devices: 5,
        flashes: [{ from: null, to: 41, devices: 1 }],
        locked: 2,
        offline: 1,
        quarantined: 1,
      },
      gates: [{ version: 41, verdict: 'passed', reason: null, message: 'Verified by bench-1.' }],
      newlyVerified: [],
      newlyFinished: [41],
      releases: [
        {
          version: 41,
          group: null,
          manifest: 'Release/thermostat',
          base: 40,
          rollback: false,
          attempt: 1,
          step: 'canary',
          exposure: 125,
          finishedAt: null,
          devices: 4,
          succeeded: 2,
          failed: 1,
          inFlight: 1,
          steps: [
            {
              name: 'canary',
              state: 'current',
              exposure: 100,
              limit: 125,
              devices: 4,
              flashes: [{ version: null, devices: 1 }],
              approval: 'none',
              endsAt: API_NOW + 3_600_000,
            },
            {
              name: 'all',
              state: 'ahead',
              exposure: 10_000,
              limit: 10_000,
              devices: 5,
              flashes: [],
              approval: 'needed',
              endsAt: null,
            },
          ],
          waits: API_WAITS,
          expectedAt: null,
          firstDevices: ['e00f02'],
        },
      ],
    },
  ],
  errors: [
    {
      severity: 'error',
      reason: 'InvalidManifest',
      message: 'Unknown field.',
      remedy: 'Remove it.',
      place: { file: 'a.yaml', line: 3, column: 5 },
      excerpt: '  verison: 1',
      product: null,
    },
  ],
};

/** Where commits and manifests are looked at. */
const API_PAGES: PageTemplates = {
  commit: 'https://forge.example/acme/fleet/commit/{revision}',
  file: 'https://forge.example/acme/fleet/blob/{revision}/{file}#L{line}',
};

/** The reading that the plan is of. */
const API_SNAPSHOT: Snapshot = {
  revision: 'r2',
  products: { thermostat: API_DESIRED },
  problems: API_PLAN.errors,
  frozen: [],
  productsByFile: { 'lock.yaml': ['thermostat'], 'release.yaml': ['thermostat'] },
  refused: [],
  binaries: Object.fromEntries(
    API_FIRMWARE.map(({ version, sha256, size, sha1, md5 }) => [
      sha256,
      {
        size,
        sha256,
        sha1,
        md5,
        compiled: {
          format: 'particle',
          productId: 94,
          version,
          versionText: null,
          platform: { id: 6, name: 'photon' },
          appHash: null,
          details: [['module', 'user part']],
        },
        defect: null,
        lfsPointer: false,
      },
    ]),
  ),
};

/** What devices have asked the gateway for. */
export const API_TRAFFIC: TrafficView = {
  polls: 70_000,
  downloadsSent: 9,
  downloadsBroken: 1,
  downloadedBytes: 9_000_000,
};

/** Where notices go. */
export const API_NOTICES: readonly NoticesView[] = [
  { name: 'ops', sent: 5, failed: 2, dropped: 1, pending: 3 },
];

/** A desk with one of each answer: a lock is shown, a resumption is without a plan, an unlock is refused. */
export const API_PROPOSALS: ProposalDesk = {
  preview: async (request, asker) =>
    request.kind === 'unlock'
      ? fail({
          kind: 'refused',
          code: 'UnknownLock',
          message: 'No DeviceLock lists it.',
          remedy: 'Nothing holds it; check the id.',
        })
      : ok({
          title: `Change ${request.product}`,
          branch: 'lockstep/lock-thermostat-1',
          body: `Asked for by ${asker}.`,
          files: [
            { path: 'lock.yaml', before: null, after: 'kind: DeviceLock\n' },
            { path: 'old.yaml', before: 'kind: DeviceLock\n', after: null },
          ],
          plan:
            request.kind === 'resume'
              ? fail(failure('FleetUnreachable', 'The fleet is away.', 'retry'))
              : ok(API_PLAN),
          problems: API_PLAN.errors,
          pullRequest: { number: 7, url: 'https://github.example.com/acme/fleet/pull/7' },
          obstacle: request.kind === 'resume' ? 'There is no forge.' : null,
        }),
  open: async (request) =>
    request.kind === 'unlock'
      ? fail({ kind: 'noForge', message: 'There is no forge.', remedy: 'Commit the files.' })
      : request.kind === 'resume'
        ? fail({ kind: 'failed', failure: failure('ForgeUnreachable', 'It is away.', 'retry') })
        : ok({ number: 7, url: 'https://github.example.com/acme/fleet/pull/7' }),
};

/** A controller that notes its calls; its picture may be replaced. */
export interface FakeController extends Controller {
  picture: ControllerView;
  /** When set, what the next operations fail with. */
  failure: Failure | null;
  readonly calls: (readonly [name: string, ...values: readonly unknown[]])[];
}

/** The picture of a controller that is ready and serves the one product. */
export function apiPicture(inForce: Desired = API_IN_FORCE): ControllerView {
  return {
    source: '/fleet',
    sourceKind: 'git',
    snapshot: API_SNAPSHOT,
    revisionSeen: 'r2',
    subjectSeen: 'Lock the bench to 42',
    sourceReadAt: API_NOW - 30_000,
    sourceFailure: failure('SourceUnavailable', 'The remote did not answer.', 'wait', 5_000),
    problems: [
      ...API_PLAN.errors,
      {
        severity: 'warning',
        reason: 'LockExpired',
        message: 'The lock expired.',
        remedy: 'Remove it.',
        place: { file: 'lock.yaml', line: 1, column: 1 },
        excerpt: null,
        product: 'thermostat',
      },
    ],
    products: [
      {
        product: 'thermostat',
        revision: 'r1',
        inForce,
        live: LIVE,
        plan: API_PLAN.products[0] ?? null,
        conditions: [
          {
            type: 'Ready',
            status: 'False',
            reason: 'Refused',
            message: 'Part of the revision is refused.',
            lastTransitionTime: API_NOW,
            observedRevision: 'r2',
          },
        ],
        stoppedAt: API_NOW,
        adoptedAt: API_NOW,
      },
      {
        product: 'constructor',
        revision: null,
        inForce: buildDesired({ product: 'constructor' }),
        live: null,
        plan: null,
        conditions: [],
        stoppedAt: null,
        adoptedAt: null,
      },
    ],
    ready: true,
    passes: 3,
  };
}

/** A review with one of each of its parts. */
const API_REVIEW: ChangeReview = {
  plan: API_PLAN,
  base: API_PLAN,
  unread: [],
  touchesManifests: true,
  standing: ['["thermostat","ReleaseUnverified","Version 41 is not verified."]'],
  gate: 'neutral',
  releases: [
    {
      product: 'thermostat',
      group: null,
      version: 42,
      manifest: 'Release/thermostat',
      state: 'neutral',
      place: { file: 'release.yaml', line: 6, column: 12 },
      message: 'The lock of this change verifies it.',
      remedy: null,
      forecast: null,
    },
  ],
  newFirmware: [
    {
      product: 'thermostat',
      version: 42,
      title: 'Fix heater drift',
      description: null,
      binary: 'firmware/42.bin',
      sha256: 'ab'.repeat(32),
      facts: {
        size: 4_096,
        sha256: 'ab'.repeat(32),
        sha1: '1'.repeat(40),
        md5: '2'.repeat(32),
        compiled: {
          format: 'particle',
          productId: 94,
          version: 42,
          versionText: null,
          platform: { id: 6, name: 'photon' },
          appHash: null,
          details: [['module', 'user part']],
        },
        defect: null,
        lfsPointer: false,
      },
    },
  ],
  policyChanges: ['maxAffected of thermostat: 25% -> none'],
};

function createFakeController(): FakeController {
  const calls: FakeController['calls'] = [];
  const fake: FakeController = {
    picture: apiPicture(),
    failure: null,
    calls,
    start: async () => ok(undefined),
    restore: async () => ok(undefined),
    view: () => fake.picture,
    sync: (request) =>
      answer(['sync', request], {
        revision: request.revision ?? 'r2',
        plan: API_PLAN,
        failures: { thermostat: failure('FleetUnreachable', 'The fleet is away.', 'retry') },
      }),
    plan: (snapshot, options) => answer(['plan', snapshot, options], API_PLAN),
    stop: (product) => answer(['stop', product], [product ?? 'thermostat']),
    resume: (product) => answer(['resume', product], [product ?? 'thermostat']),
    convergence: (product) =>
      answer(['convergence', product], {
        converged: false,
        pending: 2,
        offline: { count: 1, names: ['bench-2'] },
        leftAlone: { count: 0, names: [] },
        inFlight: 1,
        failed: 0,
      }),
    review: (change, options) => answer(['review', change, options], API_REVIEW),
    excerpts: async (revision, places) => {
      calls.push(['excerpts', revision, places.length]);
      const cut = (line: number): Excerpt => ({
        from: line,
        lines: [`line ${line}`],
        marked: line,
      });
      return places.map(({ file, line }) => (file === 'lock.yaml' ? null : cut(line)));
    },
    hint: () => void calls.push(['hint']),
    nextPass: async () => undefined,
    close: async () => undefined,
  };
  return fake;

  async function answer<T>(
    call: FakeController['calls'][number],
    value: T,
  ): Promise<Result<T, Failure>> {
    calls.push(call);
    return fake.failure === null ? ok(value) : fail(fake.failure);
  }
}

/** An answer, read to its end. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; null where it is none. */
  readonly json: unknown;
}

export interface ApiAsk {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is text or bytes already. */
  readonly body?: unknown;
}

export interface ApiUnderTest {
  readonly server: Server;
  readonly store: Store;
  readonly controller: FakeController;
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
  readonly deviceAddress: string;
  /** Every line that was logged. */
  readonly log: string[];
  readonly passTimes: PassTimes;
  ask(path: string, ask?: ApiAsk): Promise<ApiAnswer>;
  close(): Promise<void>;
}

/** What is in force for the one product, where it is not what is above. */
export interface ApiFleet {
  readonly inForce: Desired;
  readonly firmware: readonly FirmwareRecord[];
  readonly moment: Moment;
  /** A state that is there already; null: a new one. */
  readonly state: string | null;
}

const API_FLEET: ApiFleet = {
  inForce: API_IN_FORCE,
  firmware: API_FIRMWARE,
  moment: { at: API_NOW, listened: 10_000_000 },
  state: null,
};

/** Starts one; close it after use. */
export async function startApi(
  options: Partial<ServerOptions> = {},
  forge: ForgePort | null = null,
  fleet: ApiFleet = API_FLEET,
  proposals: ProposalDesk | null = API_PROPOSALS,
): Promise<ApiUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-api-'));
  const opened = await openSqliteStore(fleet.state ?? join(folder, 'state.db'));
  if (!opened.ok) throw new Error(opened.error.message);
  const store = opened.value;
  const controller = createFakeController();
  const log: string[] = [];
  const passTimes = createPassTimes();
  controller.picture = apiPicture(fleet.inForce);
  const policy = compilePolicy(fleet.inForce, fleet.firmware, { stopped: false });
  const server = await createServer(
    {
      controller,
      store,
      deviceRoutes: async (app) => {
        app.get('/:tenant/controller/v1/:id', async (_request, reply) =>
          reply.send('{"polled":1}'),
        );
      },
      gateway: {
        policyOf: (product) => (product === 'thermostat' ? policy : null),
        momentOf: (product) => (product === 'thermostat' ? fleet.moment : null),
        isListening: () => true,
        trafficOf: (product) => (product === 'thermostat' ? API_TRAFFIC : null),
      },
      forge,
      pages: API_PAGES,
      proposals,
      notices: { view: () => API_NOTICES },
      passTimes,
      clock: { now: () => API_NOW, monotonicMs: () => 0 },
      log: { info: (line) => log.push(line), warn: (line) => log.push(line) },
    },
    { listen: { host: '127.0.0.1', port: 0 }, closeGraceMs: 200, ...options },
  );
  const listening = await server.listen();
  if (!listening.ok) throw new Error(listening.error.message);
  const { address, deviceAddress } = listening.value;
  return {
    server,
    store,
    controller,
    address,
    deviceAddress,
    log,
    passTimes,
    ask: (path, ask) => askHttp(`${address}${path}`, ask),
    async close() {
      await server.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Sends one request on a socket of its own; the path goes out as it is, and any header may be set. */
export function askHttp(url: string, ask: ApiAsk = {}): Promise<ApiAnswer> {
  const { origin } = new URL(url);
  const { method = 'GET', headers = {}, body } = ask;
  const isPlain = typeof body === 'string' || body instanceof Uint8Array || body === undefined;
  const payload = isPlain ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = sendRequest(
      origin,
      {
        method,
        path: url.slice(origin.length),
        agent: false,
        headers: { ...(isPlain ? {} : { 'content-type': 'application/json' }), ...headers },
      },
      (response) => {
        if (response.headers['content-type']?.startsWith('text/event-stream') === true) {
          // It would never end: its head is the answer. `event-stream.ts` reads one.
          const { statusCode, headers: head } = response;
          resolve({ status: statusCode ?? 0, headers: head, text: '', json: null });
          response.destroy();
          return;
        }
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: parseJson(text),
          }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(payload);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
