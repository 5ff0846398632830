// What the throwaway DDI server knows of devices and actions, and the documents that it answers with, in the form that
// the protocol gives them.

import { createHash } from 'node:crypto';

import type { SeenFeedback } from './ddi-requests.ts';

export interface FakeArtifact {
  readonly filename: string;
  readonly bytes: Uint8Array;
  /** What the documents say; `offer` may be given an artifact whose hashes or size are wrong. */
  readonly size: number;
  readonly sha256: string;
  readonly sha1: string;
  readonly md5: string;
}

export interface Offer {
  readonly version: string;
  readonly artifact: FakeArtifact;
  readonly update?: 'forced' | 'attempt' | 'skip';
  /** Which download links the document has. Default: both kinds, pointing at the same URL. */
  readonly links?: 'both' | 'http-only' | 'https-only' | 'relative' | 'none';
}

export interface FakeAction extends Offer {
  readonly id: string;
  readonly device: string;
  state: 'open' | 'cancelling' | 'cancelled' | 'succeeded' | 'failed';
  /** All feedback, that on its cancel included, in order. */
  readonly feedback: (SeenFeedback & { readonly on: 'deployment' | 'cancel' })[];
  fetched: number;
}

export interface FakeDevice {
  readonly id: string;
  polls: number;
  attributes: Readonly<Record<string, string>>;
  wantsAttributes: boolean;
  readonly actions: FakeAction[];
  /** Control requests under way; a real client has one at a time. */
  busy: number;
}

/** An artifact with right hashes. */
export function createArtifact(bytes: Uint8Array, filename = 'firmware.bin'): FakeArtifact {
  const digest = (name: string): string => createHash(name).update(bytes).digest('hex');
  return {
    filename,
    bytes,
    size: bytes.length,
    sha256: digest('sha256'),
    sha1: digest('sha1'),
    md5: digest('md5'),
  };
}

/** The answer to a poll. `base` is the absolute URL of the device's base resource. */
export function buildPoll(
  device: FakeDevice,
  base: string,
  sleep: string | null,
  isWithheld: boolean,
): unknown {
  const action = device.actions.find(({ state }) => state === 'open' || state === 'cancelling');
  const links: Record<string, { href: string }> = {};
  if (action !== undefined && !isWithheld) {
    if (action.state === 'cancelling') {
      links['cancelAction'] = { href: `${base}/cancelAction/${action.id}` };
    } else {
      links['deploymentBase'] = { href: `${base}/deploymentBase/${action.id}?c=-2127183556` };
    }
  }
  if (device.wantsAttributes) links['configData'] = { href: `${base}/configData` };
  const config = sleep === null ? {} : { config: { polling: { sleep } } };
  return Object.keys(links).length === 0 ? config : { ...config, _links: links };
}

/** A deploymentBase document: one chunk with one artifact. */
export function buildDeployment(action: FakeAction, base: string): unknown {
  const { artifact, links = 'both', update = 'forced' } = action;
  const { filename, size, sha1, md5, sha256 } = artifact;
  const file = `softwaremodules/${action.id}/artifacts/${encodeURIComponent(filename)}`;
  const href = links === 'relative' ? `/${file}` : `${base}/${file}`;
  const plain = { download: { href }, md5sum: { href: `${href}.MD5SUM` } };
  const http = { 'download-http': { href }, 'md5sum-http': { href: `${href}.MD5SUM` } };
  const named = {
    both: { ...plain, ...http },
    'http-only': http,
    'https-only': plain,
    relative: { ...plain, ...http },
    none: {},
  }[links];
  const artifacts = [{ filename, size, hashes: { sha1, md5, sha256 }, _links: named }];
  const chunk = { part: 'bApp', version: action.version, name: 'firmware', artifacts };
  return { id: action.id, deployment: { download: 'forced', update, chunks: [chunk] } };
}
