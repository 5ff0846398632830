// Settings from flags, environment and file: who wins, and what is said of each mistake. Files that settings name are
// given by the test.

import { describe, expect, it } from 'vitest';

import { fail, ok } from '../../../controller/base/result.ts';
import { credentialsOf, repositoryOf, settleForge } from '../../../controller/cli/forge-options.ts';
import { type Settings, settleSettings } from '../../../controller/cli/settings.ts';
import { settleSignatures } from '../../../controller/cli/signature-keys.ts';
import type { SourceSpec } from '../../../controller/sources/open-source.ts';

const GIT: SourceSpec = {
  kind: 'git',
  url: 'https://github.com/acme/fleet.git',
  ref: 'main',
  subfolder: null,
};
const DIRECTORY: SourceSpec = { kind: 'directory', directory: '/fleet' };

function settle(text: string, env: Readonly<Record<string, string>> = {}, name = 'run.yaml') {
  return settleSettings({}, env, { name, text });
}

function settled(text: string, env: Readonly<Record<string, string>> = {}): Settings {
  const settings = settle(text, env, 'etc/run.yaml');
  if (!settings.ok) throw new Error(settings.error.message);
  return settings.value;
}

function mistakesOf(text: string, env: Readonly<Record<string, string>> = {}): readonly string[] {
  const settings = settle(text, env);
  return settings.ok ? [] : settings.error.message.split('\n  ');
}

/** Files by path; all others are missing. */
function files(content: Readonly<Record<string, string>>) {
  return async (path: string) => {
    const text = content[path];
    return text === undefined ? fail(`There is no file ${path}.`) : ok(text);
  };
}

describe('the settings file', () => {
  it('names the source, also together with the keys that its commits need', () => {
    expect(settled('source: fleet#main')).toMatchObject({ source: 'fleet#main', verify: null });
    const text = 'source:\n  url: fleet#main\n  verify: { mode: tip, keys: [a.pub] }';
    expect(settled(text)).toMatchObject({
      source: 'fleet#main',
      verify: { mode: 'tip', keys: ['a.pub'] },
    });
    // Whatever SOURCE a person gives, its commits need the signatures.
    const flag = settleSettings({ source: 'other#main' }, {}, { name: 'run.yaml', text });
    expect(flag).toMatchObject({ ok: true, value: { source: 'other#main' } });
    expect(flag.ok && flag.value.verify).toEqual({ mode: 'tip', keys: ['a.pub'] });
  });

  it('tells each mistake with its place, also deep inside', () => {
    const text = [
      'source: { url: fleet, verify: { mode: loose, keys: [] } }',
      'forge:',
      '  github:',
      '    repositry: acme/fleet',
      '    apiUrl: ftp://github.example.com',
      '    app: { privateKeyFile: app.pem }',
      'reviews: { hosts: [localhost, "*.example.com"] }',
      'intervall: 5m',
    ].join('\n');
    expect(mistakesOf(text)).toEqual([
      'run.yaml:8:1: `intervall` is no setting. Did you mean `interval`?',
      'run.yaml:1:39: `source.verify.mode` must be one of tip, strict.',
      'run.yaml:1:52: `source.verify.keys` is empty.',
      'run.yaml:4:5: `forge.github.repositry` is no setting. Did you mean `repository`?',
      'run.yaml:5:13: `forge.github.apiUrl` must be an http or https address, such as https://github.example.com/api/v3.',
      'run.yaml:6:10: `forge.github.app` needs `id`.',
      'run.yaml:7:20: `reviews.hosts.0` must be a host name, such as downloads.example.com or *.example.com.',
    ]);
  });

  it('leaves to their defaults what opens a fleet', () => {
    const settings = settleSettings({}, {}, null);
    expect(settings).toMatchObject({
      ok: true,
      value: { allowAnonymous: false, adopt: false, verify: null, github: null, reviewHosts: [] },
    });
    expect(settled('allowAnonymous: true\nadopt: true')).toMatchObject({
      allowAnonymous: true,
      adopt: true,
    });
  });

  it('gives way to the environment, and both to flags', () => {
    const file = { name: 'run.yaml', text: 'state: file' };
    const env = { LOCKSTEP_STATE: 'environment' };
    expect(settleSettings({}, {}, file)).toMatchObject({ value: { state: 'file' } });
    expect(settleSettings({}, env, file)).toMatchObject({ value: { state: 'environment' } });
    expect(settleSettings({ state: 'flag' }, env, file)).toMatchObject({
      value: { state: 'flag' },
    });
    expect(settleSettings({}, { LOCKSTEP_STATE: '' }, file)).toMatchObject({
      value: { state: 'file' },
    });
  });

  it('says of each setting what is wrong with it', () => {
    expect(mistakesOf('interval: 0s')).toEqual([
      'run.yaml: interval is "0s". Give a duration from 1s to 1d.',
    ]);
    expect(mistakesOf('interval: 2d')).toHaveLength(1);
    expect(settled('interval: 1d').intervalMs).toBe(86_400_000);
    expect(mistakesOf('state: a\nstate: b')).toEqual([
      expect.stringMatching(/^run\.yaml:2:1: .*unique/),
    ]);
  });

  it('takes nothing for a secret that is empty', () => {
    const app = 'forge: { github: { app: { id: 7 } } }';
    const empty = {
      LOCKSTEP_GITHUB_TOKEN: '',
      LOCKSTEP_WEBHOOK_SECRET: '',
      LOCKSTEP_GITHUB_PRIVATE_KEY: '',
    };
    expect(mistakesOf('forge: { github: {} }', empty)).toEqual(mistakesOf('forge: { github: {} }'));
    expect(mistakesOf(app, empty)).toEqual(mistakesOf(app));
    expect(mistakesOf(app)).toHaveLength(1);
    const file = 'forge: { github: { token: t, webhookSecret: s } }';
    expect(settled(file, empty)).toMatchObject({
      github: { token: 't', webhookSecret: 's' },
      githubPrivateKey: null,
    });
    for (const setting of ['token: ""', 'token: t, webhookSecret: ""']) {
      expect(mistakesOf(`forge: { github: { ${setting} } }`)).not.toEqual([]);
    }
  });

  it('needs an app or a token for the forge, and never both', () => {
    const forge = 'forge: { github: { repository: acme/fleet } }';
    expect(mistakesOf(forge)).toEqual([
      '`forge.github` needs `app`, or a token: give `app.id` and `app.privateKeyFile`, or set LOCKSTEP_GITHUB_TOKEN.',
    ]);
    const token = { LOCKSTEP_GITHUB_TOKEN: 'ghp_x', LOCKSTEP_WEBHOOK_SECRET: 's' };
    expect(settled(forge, token).github).toEqual({
      repository: 'acme/fleet',
      token: 'ghp_x',
      webhookSecret: 's',
    });
    const app = 'forge: { github: { app: { id: 7, privateKeyFile: app.pem } } }';
    expect(mistakesOf(app)).toEqual([]);
    expect(mistakesOf(app, token)).toEqual([
      '`forge.github` has both `app` and a token: keep one of them.',
    ]);
    expect(mistakesOf('forge: { github: { app: { id: 7 } } }')).toEqual([
      '`forge.github.app` needs its private key: give `privateKeyFile`, or set LOCKSTEP_GITHUB_PRIVATE_KEY.',
    ]);
    expect(mistakesOf('reviews: { hosts: [downloads.example.com] }')).toEqual([
      '`reviews` needs a `forge` whose pull requests are reviewed.',
    ]);
  });
});

describe('the forge of the settings', () => {
  it('takes the repository from the address of the source', async () => {
    const settings = settled('forge: { github: { token: t } }');
    expect(await settleForge(settings, GIT, files({}))).toMatchObject({
      ok: true,
      value: { repository: 'acme/fleet', apiUrl: null, auth: { kind: 'token', token: 't' } },
    });
    const named = settled(
      'forge: { github: { repository: a/b, apiUrl: "https://g/api/v3/", token: t } }',
    );
    expect(await settleForge(named, GIT, files({}))).toMatchObject({
      ok: true,
      value: { repository: 'a/b', apiUrl: 'https://g/api/v3' },
    });
  });

  it('reads the private key beside the settings file, or takes it from the environment', async () => {
    const text =
      'forge: { github: { app: { id: 7, privateKeyFile: app.pem, installationId: 9 } } }';
    const auth = { kind: 'app', appId: '7', installationId: 9 };
    expect(
      await settleForge(settled(text), GIT, files({ 'etc/app.pem': 'PEM from the file' })),
    ).toMatchObject({ ok: true, value: { auth: { ...auth, privateKey: 'PEM from the file' } } });
    const env = { LOCKSTEP_GITHUB_PRIVATE_KEY: 'PEM from the environment' };
    expect(await settleForge(settled(text, env), GIT, files({}))).toMatchObject({
      ok: true,
      value: { auth: { ...auth, privateKey: 'PEM from the environment' } },
    });
    expect(await settleForge(settled(text), DIRECTORY, files({}))).toMatchObject({
      ok: false,
      error: {
        code: 'SettingsInvalid',
        message:
          '`forge.github` needs a git source: give the repository of the pull requests as URL#BRANCH.\n' +
          '  `forge.github.app.privateKeyFile`: There is no file etc/app.pem.',
      },
    });
  });

  it.each([
    ['https://github.com/acme/fleet.git', 'acme/fleet'],
    ['https://rosa:secret@github.example.com/acme/fleet', 'acme/fleet'],
    ['git@github.com:acme/fleet.git', 'acme/fleet'],
    ['ssh://git@github.com/acme/fleet.name.git/', 'acme/fleet.name'],
    ['https://github.com/acme', null],
    ['https://git.example.com/groups/acme/fleet.git', null],
    ['file:///acme/fleet.git', null],
    ['/acme/fleet', null],
  ])('reads %s as %s', (url, repository) => {
    expect(repositoryOf(url)).toBe(repository);
  });
});

describe('credentials of a forge', () => {
  const forge = {
    commitUrl: (commit: string) => `https://github.com/acme/fleet/commit/${commit}`,
    gitCredentials: async () => ok({ username: 'x', password: 'secret' }),
  };

  it.each([
    ['https://github.com/acme/fleet.git', true],
    ['https://github.com/acme/another.git', true],
    ['http://github.com/acme/fleet.git', false],
    ['https://github.com.evil.example/acme/fleet.git', false],
    ['https://github.com:8443/acme/fleet.git', false],
    ['ssh://git@github.com/acme/fleet.git', false],
    ['git@github.com:acme/fleet.git', false],
    ['/srv/git/fleet.git', false],
  ])('are given to git for %s: %s', (url, isGiven) => {
    const given = credentialsOf({ kind: 'git', url, ref: null, subfolder: null }, forge);
    expect('credentials' in given).toBe(isGiven);
    expect(credentialsOf({ ...GIT, url }, null)).toEqual({});
  });
});

describe('the targets of notices', () => {
  const SLACK = 'https://hooks.slack.com/services/T0/B0/5ecret';

  it('are named by their host, and take addresses and secrets from the environment', () => {
    const text = [
      'notices:',
      '  - { url: $LOCKSTEP_SLACK_URL, format: slack, on: [halted, rolled-back] }',
      '  - url: https://ops.example.com:8443/lockstep',
      '    products: [thermostat]',
      '    secret: $NOTICE_SECRET',
      '  - { name: here, url: "http://127.0.0.1:9000/x", secret: s }',
    ].join('\n');
    expect(settled(text, { LOCKSTEP_SLACK_URL: SLACK, NOTICE_SECRET: 'hush' }).notices).toEqual([
      {
        name: 'hooks.slack.com',
        url: SLACK,
        format: 'slack',
        products: null,
        on: new Set(['halted', 'rolled-back']),
        secret: null,
      },
      {
        name: 'ops.example.com:8443',
        url: 'https://ops.example.com:8443/lockstep',
        format: 'json',
        products: new Set(['thermostat']),
        on: null,
        secret: 'hush',
      },
      {
        name: 'here',
        url: 'http://127.0.0.1:9000/x',
        format: 'json',
        products: null,
        on: null,
        secret: 's',
      },
    ]);
    expect(settled('state: x').notices).toEqual([]);
  });

  it('are told their mistakes with their place, and never with the address', () => {
    const text = [
      'notices:',
      `  - { url: ftp://x/5ecret, format: xml, name: "a b" }`,
      `  - { ulr: ${SLACK}, on: [halt], products: [], secret: "" }`,
      `  - ${SLACK}`,
    ].join('\n');
    expect(mistakesOf(text)).toEqual([
      'run.yaml:2:12: `notices.0.url` must be an https address, or $NAME for one that stands in the environment.',
      'run.yaml:2:47: `notices.0.name` must be 1 to 63 letters, digits, dots, underscores and hyphens, beginning with a letter or digit.',
      'run.yaml:2:36: `notices.0.format` must be one of json, slack.',
      'run.yaml:3:5: `notices.1` needs `url`.',
      'run.yaml:3:7: `notices.1.ulr` is no setting. Known are url, name, format, products, on, secret.',
      'run.yaml:3:81: `notices.1.products` is empty.',
      'run.yaml:3:64: `notices.1.on.0` must be one of refused, verified, step, halted, rolled-back, done, stopped, resumed, waiting.',
      'run.yaml:3:93: `notices.1.secret` must NOT have fewer than 1 characters.',
      'run.yaml:4:5: `notices.2` must be object.',
    ]);
    const settledOnly = [
      'notices:',
      `  - url: http://hooks.example.com/5ecret`,
      `  - url: https://rosa:5ecret@hooks.example.com/`,
      `  - { url: $NOT_THERE, secret: $NOR_THIS }`,
      `  - { url: "https://[5ecret" }`,
      `  - { url: ${SLACK} }`,
      `  - { url: ${SLACK}, on: [done] }`,
    ].join('\n');
    expect(mistakesOf(settledOnly, { NOR_THIS: '' })).toEqual([
      '`notices.0.url` must be an https address: what is sent, and the address itself, would be open to read.',
      '`notices.1.url` must not hold a user or a password: sign the notices with `secret` instead.',
      '`notices.2.url` names the variable NOT_THERE, which is not set.',
      '`notices.2.secret` names the variable NOR_THIS, which is not set.',
      '`notices.3.url` is no address: give one such as https://hooks.example.com/….',
      'Two of `notices` are named hooks.slack.com: give each a `name` of its own.',
    ]);
  });

  it.each([
    `%YAML ${SLACK}\n---\na: b`,
    `notices: !${SLACK} x`,
    `notices: >${SLACK}`,
    `notices: |${SLACK}`,
    `notices: x\n}${SLACK}`,
    `{ notices: x } ${SLACK}`,
    `a: &a ${SLACK}\nnotices: *a`,
    `notices: [ { url: ${SLACK} }`,
    `notices:\n\t- url: ${SLACK}`,
    `notices: ${SLACK}`,
    `${SLACK}: x`,
  ])('appear in no mistake of a broken file (%#)', (text) => {
    const mistakes = mistakesOf(text);
    expect(mistakes.length).toBeGreaterThan(0);
    expect(mistakes.join('\n')).not.toContain('5ecret');
  });
});

describe('the proxy of the settings', () => {
  it('is none unless it is named, with the addresses that it is believed from', () => {
    expect(settled('state: x').proxy).toBeNull();
    const text = [
      'access:',
      '  userHeader: X-Forwarded-Email',
      '  deployers: [ada@example.com]',
      '  from: [127.0.0.1, 10.1.0.0/16, "fd00::/8"]',
    ].join('\n');
    expect(settled(text).proxy).toEqual({
      userHeader: 'x-forwarded-email',
      rolesHeader: null,
      deployers: ['ada@example.com'],
      from: ['127.0.0.1', '10.1.0.0/16', 'fd00::/8'],
    });
    const roles = 'access: { userHeader: X-User, rolesHeader: X-Roles, from: ["::1"] }';
    expect(settled(roles).proxy).toMatchObject({ rolesHeader: 'x-roles', deployers: [] });
    const viewers = 'access: { userHeader: X-User, from: ["::1"] }';
    expect(settled(viewers).proxy).toMatchObject({ rolesHeader: null, deployers: [] });
  });

  it('is told its mistakes, so that nobody is believed by accident', () => {
    expect(mistakesOf('access: { userHeader: "X User", deployers: [], users: [] }')).toEqual([
      'run.yaml:1:9: `access` needs `from`.',
      'run.yaml:1:48: `access.users` is no setting. Known are userHeader, rolesHeader, deployers, from.',
      'run.yaml:1:23: `access.userHeader` must be the name of a header, such as X-Forwarded-Email.',
      'run.yaml:1:44: `access.deployers` is empty.',
    ]);
    const text =
      'access: { userHeader: Cookie, rolesHeader: Host, deployers: [a], from: [0.0.0.0/0, proxy.example.com] }';
    expect(mistakesOf(text)).toEqual([
      '`access.userHeader` is cookie, which any browser sends: name one that only the proxy sets.',
      '`access.rolesHeader` is host, which any browser sends: name one that only the proxy sets.',
      '`access` has both `rolesHeader` and `deployers`: keep one of them.',
      '`access.from.0` is "0.0.0.0/0": give the proxy\'s address, or a network such as 10.1.0.0/16.',
      '`access.from.1` is "proxy.example.com": give the proxy\'s address, or a network such as 10.1.0.0/16.',
    ]);
  });
});

describe('the keys of the settings', () => {
  const SSH = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ rosa@example.com';
  const GPG = '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxyz\n-----END PGP PUBLIC KEY BLOCK-----';
  const text = 'source: { url: fleet#main, verify: { keys: [team.pub, /web-flow.asc] } }';

  it('are read from files of either kind, strictly unless told otherwise', async () => {
    const content = { 'etc/team.pub': `# the team\n${SSH}\n\n`, '/web-flow.asc': `\n${GPG}\n` };
    expect(await settleSignatures(settled(text), GIT, files(content))).toEqual({
      ok: true,
      value: { mode: 'strict', sshKeys: [SSH], gpgKeys: [GPG] },
    });
    expect(await settleSignatures(settled('source: fleet'), GIT, files({}))).toEqual({
      ok: true,
      value: null,
    });
  });

  it('that are none, private ones or missing are told, all at once', async () => {
    const content = { 'etc/team.pub': '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn' };
    const result = await settleSignatures(settled(text), DIRECTORY, files(content));
    expect(result.ok ? [] : result.error.message.split('\n  ')).toEqual([
      '`source.verify` needs a git source: a plain directory has no commits. Give URL#BRANCH.',
      '`source.verify.keys`: team.pub holds a private key. Give the public one, and keep the private one where it is used.',
      '`source.verify.keys`: There is no file /web-flow.asc.',
    ]);
    for (const odd of ['', 'hello', `${SSH}\nhello`]) {
      const read = await settleSignatures(
        settled(text),
        GIT,
        files({ 'etc/team.pub': odd, '/web-flow.asc': GPG }),
      );
      expect(read).toMatchObject({
        ok: false,
        error: { message: expect.stringContaining('team.pub holds no public key') },
      });
    }
  });
});
