// What the server works with: the controller, the state, the devices' side, and the knobs of whoever starts it.

import type { FastifyPluginAsync } from 'fastify';

import type { Clock } from '../base/clock.ts';
import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import type { WebhookRefusal, WebhookRequest } from '../forges/forge.ts';
import type { Moment } from '../model/device.ts';
import type { PageTemplates } from '../model/pages.ts';
import type { ProductPolicy } from '../model/policy.ts';
import type { ProposalDesk } from '../proposer/ports.ts';
import type { Controller } from '../reconciler/controller.ts';
import type { Store } from '../stores/store.ts';
import type { LiveTimes } from './live/live-times.ts';
import type { PassTimes } from './pass-times.ts';
import type { ProxyTrust } from './proxy-trust.ts';

/** Takes webhooks in. What they lead to happens later: the answer says only that one was understood. */
export interface WebhookReceiver {
  /** `repeated`: this very delivery was taken before, and leads to nothing now. */
  receive(request: WebhookRequest): Promise<Result<'taken' | 'repeated', WebhookRefusal>>;
}

/** What looks after the pull requests, as far as the server shows it. */
export interface ForgePort {
  /** `github.com/acme/fleet`. */
  readonly description: string;
  /** Where its webhooks go; null where none are taken. */
  readonly webhooks: WebhookReceiver | null;
  view(): ForgeView;
}

export interface ForgeView {
  /** Why it can't be used at the moment; null while it can. */
  readonly failure: Failure | null;
  /** Epoch milliseconds of the last time that all was well; null before. */
  readonly lookedAt: number | null;
  readonly openPullRequests: number;
}

/** Where the server's few log lines go; a pino logger fits. */
export interface ServerLog {
  info(line: string): void;
  warn(line: string): void;
}

/** What a product's devices have asked for since the process started. */
export interface TrafficView {
  /** Polls that were answered. */
  readonly polls: number;
  /** Downloads that were sent to their last byte, and those that broke off. */
  readonly downloadsSent: number;
  readonly downloadsBroken: number;
  /** Bytes of firmware that were sent. */
  readonly downloadedBytes: number;
}

/** A target of notices; counts are since the process started. */
export interface NoticesView {
  readonly name: string;
  readonly sent: number;
  /** Tries that failed. */
  readonly failed: number;
  /** Notices that it will never get. */
  readonly dropped: number;
  readonly pending: number;
}

/** What the devices of a product are answered by at this moment. */
export interface FleetInsight {
  /** Null where nothing of the product is in force. */
  policyOf(product: string): ProductPolicy | null;
  /** Now, as a contact would have it; null where nothing of the product was ever in force. */
  momentOf(product: string): Moment | null;
  /** False while soaks and time-outs of the product wait, because most of its fleet is silent or was until lately. */
  isListening(product: string): boolean;
  /** Null where nothing of the product was ever in force. */
  trafficOf(product: string): TrafficView | null;
}

export interface ServerPorts {
  readonly controller: Controller;
  readonly store: Store;
  /** The routes that devices use, to be mounted at `/`. */
  readonly deviceRoutes: FastifyPluginAsync;
  readonly gateway: FleetInsight;
  /** Null: there is none. */
  readonly forge: ForgePort | null;
  /** Of the source's commits and manifests; null where none are known. */
  readonly pages: PageTemplates | null;
  /** Null: no source is followed, so there is nothing to propose a change of. */
  readonly proposals: ProposalDesk | null;
  /** Null: nobody is told anything. */
  readonly notices: { view(): readonly NoticesView[] } | null;
  /** Null: no pass is ever made. */
  readonly passTimes: PassTimes | null;
  readonly clock: Clock;
  readonly log: ServerLog;
}

/** Port 0 takes a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Who may use the API. */
export interface AuthOptions {
  /** True: being on this machine is not enough. */
  readonly requireTokens: boolean;
  /** Null or undefined: no proxy is believed who somebody is. */
  readonly proxy?: ProxyTrust | null;
}

export interface ServerOptions {
  readonly listen: ListenAddress;
  /** A port of their own for devices; null or undefined: they share the API's. */
  readonly deviceListen?: ListenAddress | null;
  /**
   * Absolute URL that the server is reached by, where it stands behind a proxy. One that names another machine asks for
   * tokens on every API request: the proxy makes strangers look like this machine.
   */
  readonly publicUrl?: string | null;
  readonly auth?: AuthOptions;
  /** How long a close waits for requests under way before it cuts them off; default 10 s. */
  readonly closeGraceMs?: number;
  /** How often changes are looked for and told; only tests are in a hurry. */
  readonly live?: Partial<LiveTimes>;
}

/** What routes work with. */
export interface ApiContext extends ServerPorts {
  /** Of Lockstep. */
  readonly version: string;
}
