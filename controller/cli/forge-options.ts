// From settings to a forge: the repository from the source's address where nobody names it, and the app's private key
// from its file. Every mistake is told at once.

import { isAbsolute, join } from 'node:path';

import type { Failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Forge } from '../forges/forge.ts';
import type { ForgeSettings } from '../forges/forge-settings.ts';
import type { SourceSpec } from '../sources/open-source.ts';
import type { Settings } from './settings.ts';
import { describeMistakes } from './settings-file.ts';

/** Reads a file that settings name; the text, or in one sentence what is wrong. */
export type ReadNamedFile = (path: string) => Promise<Result<string, string>>;

/** The forge that the settings ask for; null where they ask for none. */
export async function settleForge(
  settings: Pick<Settings, 'github' | 'githubPrivateKey' | 'folder'>,
  source: SourceSpec | null,
  readFile: ReadNamedFile,
): Promise<Result<ForgeSettings | null, Failure>> {
  const { github, folder } = settings;
  if (github === null) return ok(null);
  const mistakes: string[] = [];
  const url = source?.kind === 'git' ? source.url : null;
  if (url === null) {
    mistakes.push(
      '`forge.github` needs a git source: give the repository of the pull requests as URL#BRANCH.',
    );
  }
  const repository = github.repository ?? (url === null ? null : repositoryOf(url));
  if (url !== null && repository === null) {
    mistakes.push(
      `The source's address names no repository on GitHub: give \`forge.github.repository\` as OWNER/NAME.`,
    );
  }
  let privateKey = settings.githubPrivateKey;
  const file = github.app?.privateKeyFile;
  if (privateKey === null && file !== undefined) {
    const read = await readFile(isAbsolute(file) ? file : join(folder, file));
    if (read.ok) privateKey = read.value;
    else mistakes.push(`\`forge.github.app.privateKeyFile\`: ${read.error}`);
  }
  if (mistakes.length > 0) return fail(describeMistakes(mistakes));
  return ok({
    kind: 'github',
    repository: repository ?? '',
    apiUrl: github.apiUrl?.replace(/\/+$/, '') ?? null,
    webUrl: null,
    auth:
      github.app === undefined
        ? { kind: 'token', token: github.token ?? '' }
        : {
            kind: 'app',
            appId: String(github.app.id),
            privateKey: privateKey ?? '',
            installationId: github.app.installationId ?? null,
          },
    webhookSecret: github.webhookSecret ?? null,
  });
}

/** `OWNER/NAME` of an https, ssh or scp-like address with exactly two parts in its path; null for any other. */
export function repositoryOf(url: string): string | null {
  const path = /^[a-z]+:\/\//.test(url)
    ? URL.canParse(url) && !url.startsWith('file:')
      ? new URL(url).pathname
      : ''
    : (/^[^/:]+:(.+)$/.exec(url)?.[1] ?? '');
  const [, owner, name] = /^\/?([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(path) ?? [];
  return owner === undefined || name === undefined ? null : `${owner}/${name}`;
}

/** What git is to be told where it reads a source: the forge's credentials go to the forge alone, and never in the clear. */
export function credentialsOf(
  spec: SourceSpec,
  forge: Pick<Forge, 'commitUrl' | 'gitCredentials'> | null,
): { readonly credentials?: Forge['gitCredentials'] } {
  if (forge === null || spec.kind !== 'git' || !URL.canParse(spec.url)) return {};
  const isForge = new URL(spec.url).origin === new URL(forge.commitUrl('0')).origin;
  return isForge ? { credentials: () => forge.gitCredentials() } : {};
}
