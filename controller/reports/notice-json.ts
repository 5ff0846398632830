// A notice as a program reads it. The form is a contract: `schemas/notice.schema.json`.

import type { EventType } from '../model/event.ts';
import type { Notice } from '../model/notice.ts';
import { describeNotice, noticeKey } from './notice-words.ts';
import { isoTime } from './plain-text.ts';

export interface NoticeJson {
  readonly formatVersion: '1.0';
  /** The same when the notice is sent again. */
  readonly key: string;
  readonly kind: Notice['kind'];
  /** In words, on one line. */
  readonly text: string;
  readonly event: {
    readonly id: number;
    readonly type: EventType;
    readonly at: string;
    readonly product: string | null;
    readonly revision: string | null;
    readonly manifest: string | null;
    readonly message: string;
  } | null;
  readonly leftOut: { readonly count: number; readonly from: string; readonly to: string } | null;
}

/** The JSON of a notice to a target. */
export function noticeJson(target: string, notice: Notice): NoticeJson {
  const { title, message } = describeNotice(notice);
  const common = {
    formatVersion: '1.0',
    key: noticeKey(target, notice),
    kind: notice.kind,
    text: `${title}: ${message}`,
  } as const;
  if (notice.kind === 'left-out') {
    const { count, from, to } = notice;
    return { ...common, event: null, leftOut: { count, from: isoTime(from), to: isoTime(to) } };
  }
  const { id, type, at, product, revision, manifest } = notice.event;
  return {
    ...common,
    event: { id, type, at: isoTime(at), product, revision, manifest, message },
    leftOut: null,
  };
}
