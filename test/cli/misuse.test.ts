// Misuse on purpose: each mistake is told on stderr, with what would mend it, exit code 1, and never a stack.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { hasStack, makeFolder, runCli } from '../support/cli.ts';

const folder = makeFolder();
afterAll(() => folder.remove());
mkdirSync(join(folder.path, 'empty'));
writeFileSync(join(folder.path, 'plan.json'), '{"formatVersion":"lockstep-plan/1","plan":{}}');
writeFileSync(join(folder.path, 'text.json'), 'hello');
writeFileSync(join(folder.path, 'odd.yaml'), 'listne: 1\ninterval: often\nadopt: maybe\n');
writeFileSync(join(folder.path, 'list.yaml'), '- a\n- b\n');
writeFileSync(join(folder.path, 'torn.yaml'), 'listen: "127.0.0.1\n');

const CASES: readonly (readonly [args: string, told: RegExp])[] = [
  ['validat', /unknown command 'validat'.*Did you mean validate\?/],
  ['frobnicate', /unknown command 'frobnicate'/],
  ['plan --sever http://x', /unknown option '--sever'.*Did you mean --server\?/],
  ['devices ad x', /`lockstep devices` has no command 'ad'\. Did you mean add\?/],
  ['token mint', /unknown command 'mint'/],
  ['why', /missing required argument 'DEVICE'/],
  ['validate a b', /too many arguments/],
  ['validate --output yaml', /Allowed choices are text, json/],
  ['--output markdown validate', /Allowed choices are text, json/],
  ['token create ci', /required option '--role <role>'/],
  ['token revoke', /missing required argument 'NAME'/],
  ['token create ci --role king', /Allowed choices are viewer, deployer/],
  ['status --server nowhere', /Give an absolute URL/],
  ['status --server ftp://x', /Give an absolute URL/],
  [
    'status --server http://127.0.0.1:1 --state sqlite:x.db',
    /cannot be used with option '--server/,
  ],
  ['apply --timeout soon', /Give a duration such as 90s/],
  ['apply --plan nope.json', /nope\.json cannot be read: there is no such file/],
  ['apply --plan plan.json', /plan\.json is no plan that this version of Lockstep saved/],
  ['apply --plan text.json', /text\.json is no plan that this version of Lockstep saved/],
  ['apply . --server http://127.0.0.1:1', /SOURCE cannot be given with --server/],
  ['run --listen nine', /Give HOST:PORT/],
  ['run --listen 127.0.0.1:99999', /Give HOST:PORT/],
  ['run --interval 10ms', /Give a duration such as/],
  ['run --interval 2d', /from 1s to 1d/],
  ['run --config nope.yaml', /nope\.yaml cannot be read: there is no such file/],
  ['run --config empty', /empty cannot be read: it is a directory/],
  ['run --config odd.yaml', /odd\.yaml:1:1: `listne` is no setting\. Did you mean `listen`\?/],
  ['run --config odd.yaml', /odd\.yaml:3:8: `adopt` must be boolean/],
  ['run --config list.yaml', /list\.yaml:1:1: Settings are written as `name: value` lines/],
  ['run --config torn.yaml', /torn\.yaml:\d+:\d+: /],
  ['validate nowhere', /does not exist/],
  ['validate ext::sh', /error SourceInvalid/],
  ['inspect nowhere.bin', /nowhere\.bin cannot be read: there is no such file/],
  ['init x --from particle', /Give the product: `--particle-product`/],
  ['init x --from elsewhere', /Allowed choices are particle/],
  ['devices forget sim-1', /Say --yes if that is meant/],
  ['devices --running 70000', /Give a version from 1 to 65534/],
  ['devices --standing up', /Allowed choices are expected, active, quarantined/],
  ['events --limit 0', /Give a whole number from 1 up/],
  ['status --watch', /Add --server URL of a running controller/],
  ['events --follow', /Add --server URL of a running controller/],
  ['simulate', /required option '--product <name>'/],
  ['simulate --product p --fail-install many', /Give a share such as 10%/],
  ['simulate --product p --style toaster', /Allowed choices are rauc, swupdate, zephyr/],
  ['simulate --product p --attribute x', /Give NAME=VALUE/],
];

describe('misuse', { timeout: 120_000 }, () => {
  it.each(CASES)('tells what is wrong with `lockstep %s`', async (args, told) => {
    const result = await runCli(args.split(' '), { cwd: folder.path });
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toMatch(told);
    expect(hasStack(result.stderr)).toBe(false);
  });

  it('names the command whose help says more', async () => {
    const { stderr } = await runCli(['devices', 'add', '--prodct', 'x']);
    expect(stderr).toContain('Run `lockstep devices add --help` to see what it takes.');
  });

  it('refuses a manifest folder that is empty, since a check of nothing is no success', async () => {
    const { code, stdout } = await runCli(['validate', 'empty'], { cwd: folder.path });
    expect(code).toBe(1);
    expect(stdout).toContain('EmptySource');
    expect(stdout).toMatch(/0 manifests, 1 problem\n$/);
  });
});
