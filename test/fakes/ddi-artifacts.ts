// Artifacts of the throwaway DDI server: GET, HEAD and one open range, and what can go wrong with them on demand.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { FakeArtifact } from './ddi-documents.ts';
import { readRangeStart } from './ddi-requests.ts';

export interface ArtifactDesk {
  /** Answers a request for the artifact. */
  serve(
    request: IncomingMessage,
    response: ServerResponse,
    artifact: FakeArtifact,
    complain: (text: string) => void,
  ): void;
  /** Drops the connection of the next `times` downloads after `bytes` bytes of the answer's body. */
  cutDownloads(bytes: number, times: number): void;
  /** Holds answers open after `bytes` bytes until released. */
  stallDownloads(bytes: number): () => void;
  /** Answers every Range with the whole file from now on. */
  ignoreRanges(): void;
  /** Answers with a redirect to this URL from now on. */
  redirectDownloads(url: string): void;
}

/** A desk at which nothing goes wrong yet. */
export function createArtifactDesk(): ArtifactDesk {
  const stalled = new Set<() => void>();
  let cut = { bytes: 0, times: 0 };
  let stallAt: number | null = null;
  let rangesAreIgnored = false;
  let location: string | null = null;

  const serve: ArtifactDesk['serve'] = (request, response, artifact, complain) => {
    if (location !== null) {
      response.writeHead(302, { location, 'content-length': 0 }).end();
      return;
    }
    const { bytes, sha1 } = artifact;
    const start = rangesAreIgnored ? null : readRangeStart(request.headers.range);
    if (Number.isNaN(start)) complain(`range ${request.headers.range ?? ''}`);
    if (start !== null && !(start < bytes.length)) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}`, 'content-length': 0 });
      response.end();
      return;
    }
    const part = bytes.subarray(start ?? 0);
    const range = `bytes ${start ?? 0}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(start === null ? 200 : 206, {
      'content-type': 'application/octet-stream',
      'content-length': part.length,
      'accept-ranges': 'bytes',
      etag: `"${sha1}"`,
      ...(start === null ? {} : { 'content-range': range }),
    });
    if (request.method === 'HEAD') {
      response.end();
    } else if (cut.times > 0) {
      cut = { ...cut, times: cut.times - 1 };
      response.write(part.subarray(0, cut.bytes), () => response.destroy());
    } else if (stallAt !== null) {
      const at = stallAt;
      response.write(part.subarray(0, at));
      stalled.add(() => response.end(part.subarray(at)));
    } else {
      response.end(part);
    }
  };

  return {
    serve,
    cutDownloads: (bytes, times) => {
      cut = { bytes, times };
    },
    stallDownloads: (bytes) => {
      stallAt = bytes;
      return () => {
        stallAt = null;
        for (const release of stalled) release();
        stalled.clear();
      };
    },
    ignoreRanges: () => {
      rangesAreIgnored = true;
    },
    redirectDownloads: (url) => {
      location = url;
    },
  };
}
