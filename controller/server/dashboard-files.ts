// Serves the dashboard: the files of `controller/dashboard/` as they are, and the one library they use. All are read once
// and answered from memory under their exact paths, so that no request ever reaches the file system.

import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import { assert } from '../base/assert.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Where the import map of `index.html` leads. */
const LIBRARIES: Readonly<Record<string, string>> = {
  'vendor/preact.js': 'preact',
  'vendor/preact-hooks.js': 'preact/hooks',
};

interface File {
  readonly type: string;
  readonly etag: string;
  readonly content: string;
}

/**
 * Adds the dashboard: its page at `/` for those who accept HTML (others get `plainPage`), and its files under
 * `/dashboard/`. It holds nothing of the fleet: what it shows it asks the API for.
 */
export function addDashboard(app: FastifyInstance, plainPage: string): void {
  const folder = dashboardFolder();
  const files = readFiles(folder);
  const index = readFileSync(join(folder, 'index.html'), 'utf8').replace(
    '<!-- modulepreload -->',
    preloadsOf(files),
  );
  const page: File = { type: 'text/html; charset=utf-8', etag: etagOf(index), content: index };
  const policy = contentSecurityPolicy(index);

  app.get('/', async (request, reply) => {
    void reply.header('vary', 'accept');
    if (!acceptsHtml(request)) return reply.type('text/plain; charset=utf-8').send(plainPage);
    void reply.header('content-security-policy', policy);
    return sendFile(request, reply, page);
  });
  for (const [path, file] of files) {
    app.get(`/dashboard/${path}`, async (request, reply) => sendFile(request, reply, file));
  }
}

/** Asked for again each time, and answered by a 304: a new version must never run with parts of an old one. */
async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, etag, content }: File,
): Promise<FastifyReply> {
  void reply
    .header('etag', etag)
    .header('cache-control', 'no-cache')
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .header('cross-origin-resource-policy', 'same-origin');
  if (request.headers['if-none-match'] === etag) return reply.code(304).send();
  return reply.type(type).send(content);
}

/** Nothing runs or loads but what this server sent; the import map is the one thing that stands in the page itself. */
function contentSecurityPolicy(index: string): string {
  const importMap = /<script type="importmap">([\s\S]*?)<\/script>/.exec(index)?.[1];
  assert(importMap !== undefined, 'the page has an import map');
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash('sha256', importMap, 'base64')}'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Lets the browser ask for all modules at once, instead of one level of imports after another. */
function preloadsOf(files: ReadonlyMap<string, File>): string {
  return [...files.keys()]
    .filter((path) => path.endsWith('.js') && path !== 'theme.js')
    .map((path) => `<link rel="modulepreload" href="/dashboard/${path}" />`)
    .join('\n    ');
}

function readFiles(folder: string): ReadonlyMap<string, File> {
  const own = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => extname(path) in TYPES)
    .sort()
    .map((path) => [path, readFile(join(folder, path))] as const);
  const libraries = Object.entries(LIBRARIES).map(
    ([path, name]) => [path, readFile(fileURLToPath(import.meta.resolve(name)), '.js')] as const,
  );
  return new Map([...libraries, ...own]);
}

function readFile(path: string, extension = extname(path)): File {
  // A map of the sources would be asked for where it is not.
  const content = readFileSync(path, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
  return { type: TYPES[extension] ?? '', etag: etagOf(content), content };
}

function etagOf(content: string): string {
  return `"${hash('sha256', content, 'base64url').slice(0, 22)}"`;
}

function acceptsHtml({ headers }: FastifyRequest): boolean {
  return headers.accept?.includes('text/html') === true;
}

/** The sources lie beside this file, and in the package at its root, since nothing of them is compiled. */
function dashboardFolder(): string {
  const found = ['../dashboard', '../../../controller/dashboard']
    .map((place) => resolve(import.meta.dirname, place))
    .find((folder) => existsSync(join(folder, 'index.html')));
  assert(found !== undefined, 'the package holds the dashboard');
  return found;
}
