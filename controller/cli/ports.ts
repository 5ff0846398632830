// What the command line needs from `compose.ts`, as interfaces: commands decide what to ask for, never which adapters
// answer. Loaded only by the commands that open a state, so that the others start fast.

import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import type { ForgeSettings } from '../forges/forge-settings.ts';
import type { FoundProduct } from '../model/found-product.ts';
import type { NoticeTarget } from '../notices/notice-settings.ts';
import type { Controller } from '../reconciler/controller.ts';
import type { ReconcilerLog } from '../reconciler/ports.ts';
import type { ProxyTrust } from '../server/proxy-trust.ts';
import type { SourceSpec } from '../sources/open-source.ts';
import type { SignaturePolicy } from '../sources/signature-policy.ts';

/** Where a server listens. Port 0 takes a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** What a controller that serves devices is made of. */
export interface ServeOptions {
  /** Null: no source; what is in force stays. */
  readonly source: SourceSpec | null;
  readonly stateSpec: string;
  readonly listen: ListenAddress;
  /** Null: devices are served on the port of the API. */
  readonly deviceListen: ListenAddress | null;
  /** Absolute URL that devices reach it by; null: as they address it. */
  readonly publicUrl: string | null;
  readonly intervalMs: number;
  readonly gatewayToken: string | null;
  readonly allowAnonymous: boolean;
  /** What products in Particle's cloud are managed with; left out: none can be. */
  readonly particle?: {
    /** Of an API user; null: none was given. */
    readonly token: string | null;
    /** Address of the API; null: Particle's own. */
    readonly api: string | null;
  };
  /** A person adopts products that this state has never seen, with every pass. */
  readonly adopt: boolean;
  /** Which signatures commits need; null: none. */
  readonly verify: SignaturePolicy | null;
  /** Null: there is no forge, and pull requests are nobody's business here. */
  readonly forge: {
    readonly settings: ForgeSettings;
    /** Hosts from which reviews may fetch binaries. */
    readonly binaryHosts: readonly string[];
    /** Bytes of the largest binary that reviews read; default: 1 GiB. */
    readonly binaryBytesMax?: number;
    /** `github` (default): writes are spaced out as GitHub asks for. */
    readonly pacing?: 'github' | 'none';
  } | null;
  /** Whom to tell what happens. */
  readonly notices: readonly NoticeTarget[];
  /** The reverse proxy that is believed who somebody is; null: none is. */
  readonly proxy: ProxyTrust | null;
  /** False: the source is read, and acted on, only when `Controller.sync` is called, as `apply` does. */
  readonly followSource: boolean;
  readonly log: ReconcilerLog;
}

/** A controller that serves devices and the API. Its first pass is done. */
export interface ServedController {
  readonly controller: Controller;
  /** `http://HOST:PORT` of the API, with the port that was taken. */
  readonly address: string;
  /** The same for devices; `address` where they have no port of their own. */
  readonly deviceAddress: string;
  close(): Promise<void>;
}

/** A state that was opened in place, with the API over it but without a port. */
export interface OfflineFleet {
  readonly controller: Pick<Controller, 'plan'>;
  readonly server: {
    /** Answers an API request; `body` is sent as JSON where it is given. */
    inject(request: {
      readonly method: string;
      readonly url: string;
      readonly body?: unknown;
    }): Promise<{ readonly status: number; readonly body: string }>;
  };
  close(): Promise<void>;
}

/** How a live product is looked for. */
export interface FindOptions {
  /** Slug or id. */
  readonly product: string;
  readonly token: string;
  /** Address of the API; null: Particle's own. */
  readonly api: string | null;
  /** Told while it goes on; `total` is null while it is not known. */
  readonly progress: (what: 'devices' | 'binaries', done: number, total: number | null) => void;
}

export interface ComposePorts {
  /** Reads a product at Particle, with its binaries; changes nothing. */
  findAtParticle(options: FindOptions): Promise<Result<FoundProduct, Failure>>;
  composeController(options: ServeOptions): Promise<Result<ServedController, Failure>>;
  /** With `readOnly`, a state that is not there is not made: an empty one stands for it. */
  composeOffline(options: {
    readonly stateSpec: string;
    readonly readOnly: boolean;
    readonly log: ReconcilerLog;
  }): Promise<Result<OfflineFleet, Failure>>;
}
