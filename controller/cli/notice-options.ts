// From the settings of `notices` to the targets: addresses and secrets from the environment where settings name a variable,
// and a name for each. No mistake is told with an address or a secret in it.

import type { NoticeTarget } from '../notices/notice-settings.ts';
import type { NoticeSettings } from './settings-file.ts';

/** An address or a secret that stands in the environment: `$NAME`. */
const VARIABLE = /^\$([A-Za-z_][A-Za-z0-9_]*)$/;

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The targets; what is wrong with them is added to `mistakes`. */
export function settleNotices(
  notices: readonly NoticeSettings[],
  env: Readonly<Record<string, string | undefined>>,
  mistakes: string[],
): readonly NoticeTarget[] {
  const read = (setting: string, text: string): string | null => {
    const variable = VARIABLE.exec(text)?.[1];
    if (variable === undefined) return text;
    const value = env[variable];
    if (value !== undefined && value !== '') return value;
    mistakes.push(`\`${setting}\` names the variable ${variable}, which is not set.`);
    return null;
  };
  const targets = notices.flatMap((settings, index): readonly NoticeTarget[] => {
    const at = `notices.${index}`;
    const url = read(`${at}.url`, settings.url);
    const secret = settings.secret === undefined ? null : read(`${at}.secret`, settings.secret);
    const wrong = url === null ? null : findMistake(url);
    if (wrong !== null) mistakes.push(`\`${at}.url\` ${wrong}`);
    if (url === null || wrong !== null) return [];
    return [
      {
        name: settings.name ?? new URL(url).host,
        url,
        format: settings.format ?? 'json',
        products: settings.products === undefined ? null : new Set(settings.products),
        on: settings.on === undefined ? null : new Set(settings.on),
        secret,
      },
    ];
  });
  const names = targets.map(({ name }) => name);
  for (const name of new Set(names.filter((each, index) => names.indexOf(each) !== index))) {
    mistakes.push(`Two of \`notices\` are named ${name}: give each a \`name\` of its own.`);
  }
  return targets;
}

/** What is wrong with an address; null: nothing. */
function findMistake(text: string): string | null {
  if (!URL.canParse(text)) return 'is no address: give one such as https://hooks.example.com/….';
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.has(hostname))) {
    return 'must be an https address: what is sent, and the address itself, would be open to read.';
  }
  if (username !== '' || password !== '') {
    return 'must not hold a user or a password: sign the notices with `secret` instead.';
  }
  return null;
}
