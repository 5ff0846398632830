// Git over HTTP, by git's own backend: the same tokens as the API, by Basic authentication, and the same moods.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { serveByGit } from '../../support/git-server.ts';
import { noticeBranches } from './branches.ts';
import type { Caller, CredentialDesk } from './credentials.ts';
import { actorOf, canSee } from './credentials.ts';
import { repositoryUrl } from './documents.ts';
import type { Moods } from './moods.ts';
import type { InTurn } from './turns.ts';
import type { World } from './world.ts';

type Refusal = { readonly status: number; readonly headers?: Readonly<Record<string, string>> };

const LOGIN: Refusal = { status: 401, headers: { 'www-authenticate': 'Basic realm="GitHub"' } };

export function createGitDoor({
  world,
  desk,
  moods,
  inTurn,
  folder,
}: {
  readonly world: World;
  readonly desk: CredentialDesk;
  readonly moods: Moods;
  readonly inTurn: InTurn;
  /** The bare repository is in it, as `repository.git`. */
  readonly folder: string;
}): (request: IncomingMessage, response: ServerResponse, url: URL) => void {
  const refuse = (caller: Caller | null, url: URL, name: string, isPush: boolean) => {
    const { repository } = world;
    if (caller === null) return LOGIN;
    const isKnown = name === repository.name || repository.formerNames.has(name);
    if (!isKnown || !canSee(caller, repository.isPrivate)) {
      // Whoever has not signed in is asked to; GitHub tells strangers nothing more.
      return caller.kind === 'anonymous' ? LOGIN : { status: 404 };
    }
    if (name !== repository.name) {
      const rest = url.pathname.split('/').slice(3).join('/');
      const location = `${repositoryUrl(world)}.git/${rest}${url.search}`;
      return { status: 301, headers: { location } };
    }
    if (isPush && caller.kind === 'anonymous') return LOGIN;
    return mayUse(caller, isPush) ? null : { status: 403 };
  };

  const callerOf = (request: IncomingMessage): Caller | null => {
    try {
      return desk.callerOf(request.headers.authorization);
    } catch {
      return null;
    }
  };

  return (request, response, url) => {
    const mood = moods.moodOf(`${request.method} ${url.pathname}`);
    if (mood === 'silent') return;
    const spoiled: Partial<Record<typeof mood, Refusal>> = {
      down: { status: 503 },
      'bad-gateway': { status: 502 },
      unauthorized: LOGIN,
    };
    const [, owner = '', named = '', ...rest] = url.pathname.split('/');
    const isPush =
      url.pathname.endsWith('/git-receive-pack') || url.search.includes('receive-pack');
    const caller = callerOf(request);
    const isOwner = owner.toLowerCase() === world.repository.owner.toLowerCase();
    const refusal: Refusal | null =
      spoiled[mood] ??
      (isOwner ? refuse(caller, url, named.replace(/\.git$/, ''), isPush) : { status: 404 });
    if (refusal !== null) {
      response.writeHead(refusal.status, refusal.headers).end();
      return;
    }
    serveByGit(request, response, {
      root: folder,
      url: `/repository.git/${rest.join('/')}${url.search}`,
      isCut: mood === 'cut',
      ...(isPush && caller !== null && caller.kind !== 'anonymous'
        ? { onDone: () => inTurn(() => noticeBranches(world, actorOf(caller))) }
        : {}),
    });
  };
}

function mayUse(caller: Caller, isPush: boolean): boolean {
  if (caller.kind === 'app') return false;
  if (caller.kind === 'anonymous') return !isPush;
  if (caller.kind === 'user') return !isPush || caller.access === 'write';
  const { contents } = caller.permissions;
  return contents === 'write' || (contents === 'read' && !isPush);
}
