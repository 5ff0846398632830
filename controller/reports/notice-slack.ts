// A notice for Slack's incoming webhooks, and for Mattermost's, which take the same form. Slack shows the blocks, as
// plain text; Mattermost shows `text`, always as Markdown and with its mentions. Words of manifests mention nobody and
// link nowhere in either.

import type { Notice } from '../model/notice.ts';
import { describeNotice } from './notice-words.ts';

/** The form of https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, as far as it is used here. */
export interface NoticeSlack {
  /** What notifications show, and clients without blocks. */
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
}

type SlackText = { readonly type: 'plain_text'; readonly text: string; readonly emoji: false };

type SlackBlock =
  | { readonly type: 'section'; readonly text: SlackText }
  | { readonly type: 'context'; readonly elements: readonly SlackText[] };

/** Slack's longest text of a section is 3,000 characters, as escaped; a cut must not leave half an entity. */
const TEXT_MAX = 2_900;

/** The message of a notice. */
export function noticeSlack(notice: Notice): NoticeSlack {
  const { title, message, origin } = describeNotice(notice);
  return {
    text: slackText(`${title}: ${message}`),
    blocks: [
      { type: 'section', text: plainText(title) },
      { type: 'section', text: plainText(message) },
      { type: 'context', elements: [plainText(origin)] },
    ],
  };
}

function plainText(text: string): SlackText {
  return { type: 'plain_text', text: slackText(text), emoji: false };
}

/** Takes no room, and parts what would be read as a mention, a link or an image. */
const GAP = '\u200b';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** One line of text as both show it: `&`, `<` and `>` as entities, and nothing in it that means something else. */
export function slackText(text: string): string {
  let escaped = '';
  for (const character of parted(text)) {
    const next = ENTITIES[character] ?? character;
    if (escaped.length + next.length > TEXT_MAX) return `${escaped}…`;
    escaped += next;
  }
  return escaped;
}

function parted(text: string): string {
  return text
    .replace(/[@\]]/g, (mark) => `${mark}${GAP}`)
    .replace(/:(?=\/\/)|\bwww(?=\.)/gi, (start) => `${start}${GAP}`);
}
