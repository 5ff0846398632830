// Where notices go, as plain data. Addresses and secrets are values here: where they are kept is the command line's
// business.

import type { NoticeKind } from '../model/notice.ts';

export interface NoticeTarget {
  /** Names it in logs, metrics and the state, each target another; holds nothing secret. */
  readonly name: string;
  /** A secret: whoever knows the address of a chat's webhook can write there. */
  readonly url: string;
  readonly format: 'json' | 'slack';
  /** Null: of all products. What concerns the source as a whole is told in any case. */
  readonly products: ReadonlySet<string> | null;
  /** Null: all kinds. */
  readonly on: ReadonlySet<NoticeKind> | null;
  /** Signs the body, where it is given. */
  readonly secret: string | null;
}
