// `lockstep init --from particle`: a live product as a fleet repo. What is written and what is told is decided by
// `imports/`; here it is fetched, written and shown.

import { join, relative, resolve } from 'node:path';
import { styleText } from 'node:util';

import { countOf } from '../base/count.ts';
import { failure } from '../base/failure.ts';
import type { ImportFinding } from '../imports/finding.ts';
import { importProduct, type ImportedRepo } from '../imports/import-product.ts';
import { fitParts, renderProgressBar } from '../reports/progress-bar.ts';
import { cleanText } from '../reports/problems.ts';
import { createLiveLine } from './live-line.ts';
import { findObstacle, writeNewFolder } from './new-folder.ts';
import { settleSettings } from './settings.ts';
import type { Shell } from './shell.ts';
import { buildSurroundings } from './starter.ts';

/** Fetches and writes the product. Returns the exit code. */
export async function initFromParticle(
  shell: Shell,
  folder: string,
  product: string,
): Promise<number> {
  const settings = settleSettings({}, shell.env, null);
  if (!settings.ok) return shell.failed(settings.error);
  const { particleToken: token, particleApi: api } = settings.value;
  if (token === null) return shell.failed(NO_TOKEN);
  const target = resolve(shell.cwd, folder);
  // Told before anything is fetched; what is in the way of a single file shows when it is known which there are.
  const early = await findObstacle(target, ['product.yaml']);
  if (early !== null) return shell.failed(early);

  const compose = await shell.loadCompose();
  const line = createLiveLine(shell);
  const found = await compose.findAtParticle({
    product,
    token,
    api,
    progress(what, done, total) {
      const text = `${what} ${done}${total === null ? '' : ` of ${total}`}`;
      const bar = total === null || total === 0 ? [] : [renderProgressBar({ done, total })];
      line.show((width) => fitParts([...bar, `reading ${text}`], width), `reading ${text}`);
    },
  });
  line.end();
  if (!found.ok) return shell.failed(found.error);

  const repo = importProduct(found.value);
  const files = [...repo.files, ...buildSurroundings()];
  const paths = files.map(([path]) => path);
  const late = await findObstacle(target, paths);
  if (late !== null) return shell.failed(late);
  const written = await writeNewFolder(target, folder, files);
  if (!written.ok) return shell.failed(written.error);
  if (shell.output === 'json') shell.writeJson(describeImport(target, paths, repo));
  else showImport(shell, folder, repo);
  return repo.findings.some(({ severity }) => severity === 'error') ? 3 : 0;
}

const NO_TOKEN = failure(
  'ParticleUnauthorized',
  'No token for Particle was given: set LOCKSTEP_PARTICLE_TOKEN to that of an API user of the product.',
  'stall',
);

/** As `--output json` prints it. */
function describeImport(
  directory: string,
  files: readonly string[],
  { product, counts, findings }: ImportedRepo,
): object {
  return { directory, product, counts, files, findings };
}

function showImport(shell: Shell, folder: string, repo: ImportedRepo): void {
  const { counts, findings, files } = repo;
  shell.write(files.map(([path]) => `wrote ${join(folder, path)}\n`).join(''));
  shell.write(`wrote ${join(folder, 'schemas')}, for your editor\n\n`);
  const isColored = shell.colorOf('out');
  for (const finding of findings) shell.write(`${renderFinding(finding, isColored)}\n\n`);
  const parts = [
    countOf(counts.firmware, 'firmware version'),
    countOf(counts.groups, 'group'),
    countOf(counts.lockedDevices, 'locked device'),
    countOf(counts.releases, 'release'),
    `${countOf(counts.devices, 'device')} at Particle`,
  ];
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const told = [
    ...(errors > 0 ? [countOf(errors, 'thing not taken over', 'things not taken over')] : []),
    ...(errors < findings.length ? [countOf(findings.length - errors, 'warning')] : []),
  ];
  shell.write(`${parts.join(', ')}${told.length > 0 ? `; ${told.join(', ')}` : ''}\n`);
  const change = relative(shell.cwd, resolve(shell.cwd, folder));
  shell.note(
    [
      `Next: ${change === '' ? '' : `cd ${change} && `}lockstep validate, and commit what was written.`,
      'Then `lockstep run . --adopt` takes the product over; once it has read the fleet, `lockstep plan` says that there is nothing to do.',
    ].join('\n'),
  );
}

/** In the shape of a problem, with the place at Particle. */
function renderFinding(finding: ImportFinding, isColored: boolean): string {
  const paint = (format: Parameters<typeof styleText>[0], text: string): string =>
    isColored ? styleText(format, text, { validateStream: false }) : text;
  const { severity, reason, place, message, remedy } = finding;
  const head = paint(severity === 'error' ? 'red' : 'yellow', `${severity} ${reason}`);
  return [
    `${paint('bold', `at Particle, ${cleanText(place)}:`)} ${head}`,
    `  ${cleanText(message)}`,
    `  ${paint('cyan', 'mend:')} ${cleanText(remedy)}`,
  ].join('\n');
}
