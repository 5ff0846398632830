// How a request for a file is answered: whole, in part, or not at all. Pure; the file itself is not looked at.

/** The headers of a request that matter. */
export interface FileRequest {
  readonly method: 'GET' | 'HEAD';
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

/** The file that is asked for. */
export interface FileFacts {
  readonly size: number;
  /** Strong, with its quotes. */
  readonly etag: string;
  /** As in `Last-Modified`. */
  readonly modified: string;
}

/** `start` and `end` are inclusive. */
export type FilePlan =
  | { readonly status: 200 }
  | { readonly status: 206; readonly start: number; readonly end: number }
  | { readonly status: 304 | 412 | 416 };

/**
 * Plans the answer. Several ranges, other units and ranges that cannot be read are 416, never the whole file: clients
 * that resume would append it to what they have.
 */
export function planFile(request: FileRequest, file: FileFacts): FilePlan {
  const { ifMatch, ifNoneMatch, ifRange } = request;
  if (ifMatch !== undefined && !namesTag(ifMatch, file.etag)) return { status: 412 };
  if (ifNoneMatch !== undefined && namesTag(ifNoneMatch.replaceAll('W/', ''), file.etag)) {
    return { status: 304 };
  }
  if (request.range === undefined || request.method === 'HEAD') return { status: 200 };
  if (ifRange !== undefined && ifRange !== file.etag && ifRange !== file.modified) {
    return { status: 200 };
  }
  return planRange(request.range, file.size);
}

function planRange(range: string, size: number): FilePlan {
  const found = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(range);
  const first = found?.[1] ?? '';
  const last = found?.[2] ?? '';
  if (first === '' && last === '') return { status: 416 };
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last));
  return start > end ? { status: 416 } : { status: 206, start, end };
}

function namesTag(header: string, etag: string): boolean {
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim() === etag);
}
