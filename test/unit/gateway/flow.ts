// The steps that many gateway tests begin with.

import { expect } from 'vitest';

import { type Answer } from '../../support/device-request.ts';
import { devicePath, feedbackBody, type TestGateway } from '../../support/gateway.ts';

/** An action as a device sees it. */
export interface Offered {
  readonly id: string;
  /** The deploymentBase link. */
  readonly href: string;
}

/** The deployment document. */
export interface Deployment {
  readonly id: string;
  readonly deployment: {
    readonly download: string;
    readonly update: string;
    readonly chunks: readonly {
      readonly part: string;
      readonly version: string;
      readonly name: string;
      readonly artifacts: readonly {
        readonly filename: string;
        readonly size: number;
        readonly hashes: { readonly sha1: string; readonly md5: string; readonly sha256: string };
        readonly _links: Readonly<Record<string, { readonly href: string }>>;
      }[];
    }[];
  };
  readonly actionHistory?: { readonly status: string; readonly messages: readonly string[] };
}

/** Registers a device and has it name its version. */
export async function introduce(
  gateway: TestGateway,
  device: string,
  running = '41',
): Promise<void> {
  await gateway.poll(device);
  await gateway.report(device, { fw_version: running });
}

/** The action that the next poll offers. */
export async function pollOffer(gateway: TestGateway, device: string): Promise<Offered> {
  const href = (await gateway.poll(device))._links?.deploymentBase?.href ?? '';
  expect(href).not.toBe('');
  return { href, id: /deploymentBase\/(\d+)/.exec(href)?.[1] ?? '' };
}

/** Introduces a device and polls for its action. */
export async function bringToOffer(gateway: TestGateway, device: string): Promise<Offered> {
  await introduce(gateway, device);
  return pollOffer(gateway, device);
}

/** Reads a deployment. */
export async function readDeployment(gateway: TestGateway, href: string): Promise<Deployment> {
  const answer = await gateway.ask('GET', href);
  expect(answer.status).toBe(200);
  return answer.json() as Deployment;
}

/** The link of a deployment's artifact. */
export function artifactLink(deployment: Deployment, rel = 'download-http'): string {
  return deployment.deployment.chunks[0]?.artifacts[0]?._links[rel]?.href ?? '';
}

/** Sends feedback on a deployment. */
export function tell(
  gateway: TestGateway,
  device: string,
  id: string,
  execution: string,
  finished: string,
  details: readonly string[] = [],
): Promise<Answer> {
  return gateway.ask('POST', `${devicePath(device)}/deploymentBase/${id}/feedback`, {
    body: feedbackBody(execution, finished, details),
  });
}

/** Sends feedback on a cancel. */
export function tellCancel(
  gateway: TestGateway,
  device: string,
  id: string,
  execution: string,
  finished: string,
): Promise<Answer> {
  return gateway.ask('POST', `${devicePath(device)}/cancelAction/${id}/feedback`, {
    body: feedbackBody(execution, finished),
  });
}
