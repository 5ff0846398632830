// The one file that knows every adapter: connects state, fleets, source, controller and server, and takes them down in
// the right order. Decides nothing.

import { hash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { assert } from './base/assert.ts';
import { systemClock } from './base/clock.ts';
import type { Failure } from './base/failure.ts';
import { failure } from './base/failure.ts';
import type { Result } from './base/result.ts';
import { fail, ok } from './base/result.ts';
import { credentialsOf } from './cli/forge-options.ts';
import type { OfflineFleet, ServedController, ServeOptions } from './cli/ports.ts';
import type { GatewayDriver } from './fleets/gateway/gateway-driver.ts';
import type { ParticleDriver } from './fleets/particle/particle-driver.ts';
import { PARTICLE_API } from './fleets/particle/particle-driver.ts';
import type { FleetDriver } from './fleets/driver.ts';
import { FLEET_DRIVERS } from './fleets/registry.ts';
import type { Forge } from './forges/forge.ts';
import { type PageTemplates, pagesOfFolder } from './model/pages.ts';
import { createNotifier } from './notices/notifier.ts';
import type { ProposalDesk, ProposalForge } from './proposer/ports.ts';
import { createProposalDesk } from './proposer/proposal-desk.ts';
import type { Controller } from './reconciler/controller.ts';
import { createController } from './reconciler/create-controller.ts';
import { createRevisionLoader } from './reconciler/revision-loader.ts';
import type { ReconcilerLog } from './reconciler/ports.ts';
import { REVIEWED_BINARY_BYTES_MAX } from './reviewer/read-change.ts';
import { createReviewer } from './reviewer/reviewer.ts';
import { createWebhookInbox } from './reviewer/webhook-inbox.ts';
import { createServer } from './server/create-server.ts';
import { createPassTimes, type PassTimes } from './server/pass-times.ts';
import type { FleetInsight, ForgePort } from './server/ports.ts';
import { readProgramVersion } from './server/program-version.ts';
import { pagesOfGitUrl } from './sources/git/git-pages.ts';
import { createGuardedOpener } from './sources/guarded-url.ts';
import { openChangeSource, openSource } from './sources/open-source.ts';
import type { ChangeSource } from './sources/change-source.ts';
import { openUrl } from './sources/open-url.ts';
import type { Source } from './sources/source.ts';
import type { State } from './stores/open-state.ts';
import { openState, openStateToRead } from './stores/open-state.ts';

export { findAtParticle } from './fleets/particle/find-at-particle.ts';

/**
 * Opens everything and starts serving. Devices are answered by what the state holds from the first moment, before the
 * source is read; resolves when the first reading and pass are done.
 */
export async function composeController(
  options: ServeOptions,
): Promise<Result<ServedController, Failure>> {
  const { log } = options;
  const ending = new AbortController();
  const forge = await openForgeOf(options, ending.signal);
  const source = openSourceOf(options, forge);
  if (!source.ok) return source;
  const state = await openState(options.stateSpec);
  if (!state.ok) return state;
  const { store } = state.value;
  const gateway = createGateway(state.value, log, options);
  const particle = createParticle(state.value, log, options.particle);
  const passTimes = createPassTimes();
  const fleets = { gateway, particle };
  const controller = connect(state.value, fleets, source.value, log, options, passTimes);
  const reviews =
    forge === null || source.value === null
      ? null
      : createReviews(forge, state.value, controller, source.value, options);
  const notifier =
    options.notices.length === 0
      ? null
      : createNotifier(
          options.notices,
          { store, controller, clock: systemClock, log },
          { version: readProgramVersion(), random: Math.random },
        );
  const server = await createServer(
    {
      controller,
      store,
      deviceRoutes: gateway.routes,
      gateway: joinInsights(gateway, particle),
      forge: reviews,
      pages: pagesOf(options.source, forge),
      proposals:
        source.value === null
          ? null
          : createProposals(source.value, state.value, controller, reviews, log),
      notices: notifier,
      passTimes,
      clock: systemClock,
      log,
    },
    {
      listen: options.listen,
      deviceListen: options.deviceListen,
      publicUrl: options.publicUrl,
      auth: { requireTokens: false, proxy: options.proxy },
    },
  );
  const close = async (): Promise<void> => {
    await server.close();
    ending.abort();
    await reviews?.close();
    await notifier?.close();
    await controller.close();
    await particle.close();
    await gateway.close();
    await source.value?.close();
    await state.value.release();
  };
  // What the state holds is in force before the first device is let in: it must never meet an empty policy.
  const restored = await controller.restore();
  const listening = restored.ok ? await server.listen() : restored;
  if (!listening.ok) {
    await close();
    return listening;
  }
  gateway.start();
  particle.start();
  const { address, deviceAddress } = listening.value;
  state.value.announce(address);
  // Before the first pass: what it does is told.
  await notifier?.start();
  const started = await controller.start();
  if (!started.ok) {
    await close();
    return started;
  }
  if (options.followSource) reviews?.start();
  return ok({ controller, address, deviceAddress, close });
}

/** Loaded only where there is one: most controllers have none. */
async function openForgeOf(
  { forge }: Pick<ServeOptions, 'forge'>,
  signal: AbortSignal,
): Promise<Forge | null> {
  if (forge === null) return null;
  const { openForge } = await import('./forges/open-forge.ts');
  return openForge(forge.settings, {
    clock: systemClock,
    signal,
    pacing: forge.pacing ?? 'github',
  });
}

interface Reviews extends ForgePort {
  /** Where pull requests are opened, and the newest commit that they start from. */
  readonly proposals: ProposalForge & Pick<ChangeSource, 'base'>;
  start(): void;
  close(): Promise<void>;
}

/** What looks after the pull requests of the source. Nothing of them gets into the copy that is reconciled from. */
function createReviews(
  forge: Forge,
  { store, binaries }: State,
  controller: Controller,
  source: Source,
  options: ServeOptions,
): Reviews {
  const spec = options.source;
  assert(spec?.kind === 'git', 'a forge has a git source');
  const opened = openChangeSource(spec, {
    cacheDir: `${cacheFolder(options.stateSpec)}-reviews`,
    ...credentialsOf(spec, forge),
  });
  assert(opened.ok, 'what the source was opened with can be opened for reviews');
  const changes = opened.value;
  const branch = spec.ref?.replace(/^refs\/heads\//, '') ?? null;
  const bytesMax = options.forge?.binaryBytesMax ?? REVIEWED_BINARY_BYTES_MAX;
  const reviewer = createReviewer(
    {
      forge,
      changes,
      loader: createRevisionLoader({
        openUrl: createGuardedOpener({
          hosts: options.forge?.binaryHosts ?? [],
          bytesMax,
        }),
        knownBinary: (sha256) => binaries.facts(sha256),
        binaryBytesMax: bytesMax,
      }),
      judge: (change) => controller.review(change),
      controller,
      store,
      descends: (older, newer) => source.descends(older, newer),
      clock: systemClock,
      log: options.log,
    },
    {
      branch,
      intervalMs: options.intervalMs,
      random: Math.random,
    },
  );
  return {
    description: forge.description,
    proposals: { forge, branch, prefix: changes.prefix, base: () => changes.base() },
    view: reviewer.view,
    webhooks: forge.takesWebhooks ? createWebhookInbox(forge, reviewer.hint) : null,
    start: reviewer.start,
    async close() {
      await reviewer.close();
      await changes.close();
    },
  };
}

/** The forge knows best; without one the address of the repository may tell. */
function pagesOf(spec: ServeOptions['source'], forge: Forge | null): PageTemplates | null {
  if (spec?.kind !== 'git') return null;
  const pages = forge?.pages ?? pagesOfGitUrl(spec.url);
  return pages === null ? null : pagesOfFolder(pages, spec.subfolder);
}

/** What people propose through the API. What it reads of a forge's repository is read where reviews are. */
function createProposals(
  source: Source,
  { store, binaries }: State,
  controller: Controller,
  reviews: Reviews | null,
  log: ReconcilerLog,
): ProposalDesk {
  return createProposalDesk({
    readTree: reviews === null ? () => source.fetch() : reviews.proposals.base,
    // No binary is fetched for a look: one by URL that is not stored yet stays unchecked.
    loader: createRevisionLoader({ knownBinary: (sha256) => binaries.facts(sha256) }),
    controller,
    forge: reviews?.proposals ?? null,
    store,
    clock: systemClock,
    log,
  });
}

function openSourceOf(
  options: Pick<ServeOptions, 'source' | 'stateSpec' | 'verify'>,
  forge: Forge | null,
): Result<Source | null, Failure> {
  if (options.source === null) return ok(null);
  const opened = openSource(options.source, {
    cacheDir: cacheFolder(options.stateSpec),
    // A state that lies inside the directory is no part of what is watched there.
    exclude: stateFiles(options.stateSpec),
    verify: options.verify,
    ...credentialsOf(options.source, forge),
  });
  if (opened.ok) return opened;
  return fail(failure('SourceInvalid', `${opened.error.message} ${opened.error.remedy}`, 'stall'));
}

function createGateway(
  state: State,
  log: ReconcilerLog,
  access: Pick<ServeOptions, 'gatewayToken' | 'allowAnonymous' | 'publicUrl'>,
): GatewayDriver {
  const { gatewayToken, allowAnonymous, publicUrl } = access;
  return FLEET_DRIVERS.gateway(
    { store: state.store, binaries: state.binaries, clock: systemClock, log },
    {
      gatewayTokenHash: gatewayToken === null ? null : hash('sha256', gatewayToken),
      allowAnonymous,
      publicUrl,
    },
  );
}

function createParticle(
  state: State,
  log: ReconcilerLog,
  access: ServeOptions['particle'],
): ParticleDriver {
  return FLEET_DRIVERS.particle(
    { store: state.store, binaries: state.binaries, clock: systemClock, log },
    {
      token: access?.token ?? null,
      api: access?.api ?? PARTICLE_API,
      random: Math.random,
    },
  );
}

/** What is known of a product, by whichever fleet has it. */
function joinInsights(gateway: GatewayDriver, particle: ParticleDriver): FleetInsight {
  const of = (product: string): Omit<FleetInsight, 'trafficOf'> =>
    particle.policyOf(product) === null ? gateway : particle;
  return {
    policyOf: (product) => of(product).policyOf(product),
    momentOf: (product) => of(product).momentOf(product),
    isListening: (product) => of(product).isListening(product),
    // Devices at Particle ask nobody here.
    trafficOf: (product) => gateway.trafficOf(product),
  };
}

function connect(
  state: State,
  { gateway, particle }: { readonly gateway: GatewayDriver; readonly particle: ParticleDriver },
  source: Source | null,
  log: ReconcilerLog,
  options: Pick<ServeOptions, 'adopt' | 'intervalMs' | 'followSource'>,
  passTimes?: PassTimes,
): Controller {
  const { adopt, intervalMs, followSource } = options;
  return createController(
    {
      store: state.store,
      binaries: state.binaries,
      source,
      loader: createRevisionLoader({
        openUrl,
        knownBinary: (sha256) => state.binaries.facts(sha256),
      }),
      drivers: new Map<string, FleetDriver>([
        [gateway.name, gateway],
        [particle.name, particle],
      ]),
      openUrl,
      clock: systemClock,
      log,
      ...(passTimes !== undefined && { onPass: passTimes.observe }),
    },
    { adopt, intervalMs, followSource, random: Math.random },
  );
}

/**
 * Opens a state in place, without a source and without a port. With `readOnly`, a state that is not there is read as
 * an empty one, and nothing is made on the disk. Fails with the address where another process owns the state.
 */
export async function composeOffline(options: {
  readonly stateSpec: string;
  readonly readOnly: boolean;
  readonly log: ReconcilerLog;
}): Promise<Result<OfflineFleet, Failure>> {
  const { stateSpec, readOnly, log } = options;
  const state = readOnly ? await openStateToRead(stateSpec) : await openState(stateSpec);
  if (!state.ok) return state;
  const gateway = createGateway(state.value, log, {
    gatewayToken: null,
    allowAnonymous: false,
    publicUrl: null,
  });
  // It talks to nobody: what is shown is what the controller read last.
  const particle = createParticle(state.value, log, undefined);
  const controller = connect(state.value, { gateway, particle }, null, log, {
    adopt: false,
    intervalMs: 60_000,
    followSource: false,
  });
  const { store } = state.value;
  const server = await createServer(
    {
      controller,
      store,
      deviceRoutes: gateway.routes,
      gateway: joinInsights(gateway, particle),
      forge: null,
      pages: null,
      proposals: null,
      notices: null,
      passTimes: null,
      clock: systemClock,
      log,
    },
    { listen: { host: '127.0.0.1', port: 0 }, deviceListen: null },
  );
  const close = async (): Promise<void> => {
    await server.close();
    await controller.close();
    await state.value.release();
  };
  const restored = await controller.restore();
  if (!restored.ok) {
    await close();
    return restored;
  }
  return ok({ controller, server, close });
}

/** What a state is made of on the disk: the database with its journals and owner, and the binaries beside it. */
function stateFiles(stateSpec: string): readonly string[] {
  const file = resolve(stateSpec.replace(/^sqlite:/, ''));
  const parts = ['', '-wal', '-shm', '-journal', '.owner', '.owner-journal', '.owner.json'];
  return [...parts.map((part) => file + part), join(dirname(file), 'binaries')];
}

/** Where a git source keeps its mirror: beside the state. */
function cacheFolder(stateSpec: string): string {
  return join(dirname(stateSpec.replace(/^sqlite:/, '')), 'source');
}
