// Looks, before anything depends on it, whether the repository is there and the credentials have the rights.

import type { Octokit } from 'octokit';
import { failure } from '../../base/failure.ts';
import type { GithubSession } from './session.ts';
import { ForgeStop } from './trouble.ts';

interface Right {
  readonly name: string;
  readonly level: 'read' | 'write';
  /** Without it there is nothing to be done at all. */
  readonly isVital: boolean;
  readonly why: string;
}

const RIGHTS: readonly Right[] = [
  { name: 'metadata', level: 'read', isVital: true, why: 'to see the repository' },
  { name: 'contents', level: 'read', isVital: true, why: 'to read manifests' },
  {
    name: 'contents',
    level: 'write',
    isVital: false,
    why: 'to write the branches of pull requests of its own',
  },
  { name: 'pull_requests', level: 'write', isVital: true, why: 'to comment and to open some' },
  { name: 'checks', level: 'write', isVital: true, why: 'to write the checks of pull requests' },
  { name: 'statuses', level: 'write', isVital: false, why: 'to show the progress of releases' },
];
const LEVELS = ['none', 'read', 'write', 'admin'];

/** As `Forge.probe`. */
export async function probeRepository(
  session: GithubSession,
  client: Octokit,
): Promise<{ readonly warnings: readonly string[] }> {
  const { place, owner, repo } = session.at;
  const repository = await session.repository(client);
  const warnings: string[] = [];
  const configured = `${owner}/${repo}`;
  if (repository.fullName.toLowerCase() !== configured.toLowerCase()) {
    warnings.push(
      `${configured} is now called ${repository.fullName}. It is still found by the old name; correct the settings.`,
    );
  }
  if (repository.isArchived) {
    warnings.push(`${place} is archived: nothing can be written to it. Unarchive it.`);
  }
  const app = await session.connection.app();
  if (app !== null) {
    warnings.push(...(await probeInstallation(session, app)));
  } else {
    const { login, appSlug } = await session.identity(client);
    // What GitHub says of the rights of an app's token is no help: it says none of each.
    if (repository.mayPush === false && appSlug === null) {
      warnings.push(
        `The token of ${login} may not write to ${place}: comments may work, statuses and pull requests do not. ` +
          'Give it write access.',
      );
    }
  }
  return { warnings };
}

async function probeInstallation(session: GithubSession, app: Octokit): Promise<readonly string[]> {
  const { data } = await app.rest.apps.getRepoInstallation(session.target);
  const { place } = session.at;
  if (data.suspended_at !== null) {
    const message = `The installation of the GitHub App on ${place} is suspended. Have it unsuspended.`;
    throw new ForgeStop(failure('ForgeForbidden', message, 'stall'));
  }
  const granted = new Map(Object.entries(data.permissions));
  const lacking = RIGHTS.filter(
    ({ name, level }) => LEVELS.indexOf(granted.get(name) ?? 'none') < LEVELS.indexOf(level),
  );
  const list = (rights: readonly Right[]): string =>
    rights.map(({ name, level, why }) => `\`${name}: ${level}\` (${why})`).join(', ');
  const remedy = "Add it to the app's permissions, and accept the change in its installation.";
  if (lacking.some(({ isVital }) => isVital)) {
    const message = `The GitHub App lacks permissions on ${place}: ${list(lacking)}. ${remedy}`;
    throw new ForgeStop(failure('ForgeForbidden', message, 'stall'));
  }
  return lacking.length === 0
    ? []
    : [`The GitHub App lacks permissions on ${place}: ${list(lacking)}. ${remedy}`];
}
