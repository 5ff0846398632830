// Binaries by URLs that somebody proposes, over real sockets. A certificate would be needed for https, so tests allow
// http, and one loopback address.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createGuardedOpener,
  type GuardedOpenerOptions,
} from '../../controller/sources/guarded-url.ts';
import { StreamBroken } from '../../controller/sources/source-failure.ts';
import { createRevisionLoader } from '../../controller/reconciler/revision-loader.ts';
import { memoryTree } from '../support/trees.ts';
import { collect, expectFailure, expectOk } from './source-contract.ts';

let server: Server;
let port = 0;
let asked: string[] = [];
let connections = 0;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  asked = [];
  connections = 0;
  answer = (_, response) => void response.end('firmware');
  server = createServer((request, response) => {
    asked.push(`${request.headers.host?.split(':')[0]}${request.url}`);
    answer(request, response);
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const here = (path = '/42.bin', host = '127.0.0.1') => `http://${host}:${port}${path}`;

function openerOf(options: Partial<GuardedOpenerOptions> = {}) {
  return createGuardedOpener({
    hosts: ['127.0.0.1'],
    bytesMax: 1_000,
    isPrivateAllowed: (address) => address === '127.0.0.1',
    ...options,
  });
}

/** Redirects each path to the next of the list. */
function redirectAlong(...locations: readonly string[]): void {
  answer = (request, response) => {
    const at = Number(/^\/hop(\d+)/.exec(request.url ?? '')?.[1] ?? 0);
    const location = locations[at];
    if (location === undefined) response.end('firmware');
    else response.writeHead(302, { location }).end('elsewhere');
  };
}

describe('a URL that is proposed', () => {
  it('is read from a host that is listed', async () => {
    expect((await collect(expectOk(await openerOf()(here())))).toString()).toBe('firmware');
  });

  it.each([
    ['another host', 'https://evil.example/42.bin', ['good.example']],
    ['a host that begins like a listed one', 'https://good.example.evil.test/', ['good.example']],
    ['a host that ends like a listed one', 'https://notgood.example/', ['good.example']],
    ['a host below a listed one', 'https://a.good.example/', ['good.example']],
    ['the host that a pattern is below of', 'https://good.example/', ['*.good.example']],
    ['a host that ends like a pattern', 'https://notgood.example/', ['*.good.example']],
    ['another port than the listed one', 'https://good.example:8443/', ['good.example:443']],
    ['a loopback address in disguise', 'http://2130706433/', ['good.example']],
    ['a name with a dot at its end, by a pattern of nothing', 'https://evil.example./', ['*.']],
    ['anything, without a list', 'https://good.example/', []],
    ['anything, with an empty name in the list', 'https://good.example/', ['', '*', '*.']],
  ])('is told apart for %s', async (_, url, hosts) => {
    const error = expectFailure(await openerOf({ hosts })(url));
    expect(error).toMatchObject({ code: 'HostNotListed', disposition: 'stall' });
  });

  it.each([
    ['the same in capitals', 'GOOD.EXAMPLE', 'https://good.example/'],
    ['a pattern', '*.good.example', 'https://a.b.good.example/'],
    ['a port', 'good.example:8443', 'https://good.example:8443/'],
    ['any port', 'good.example', 'https://good.example:8443/'],
    ['a name in another script', 'fürmware.example', 'https://xn--frmware-n2a.example/'],
  ])('is asked for by a list with %s', async (_, host, url) => {
    // Nobody is there; what matters is that the host is not the reason.
    const refused = createGuardedOpener({ hosts: [host], bytesMax: 1 });
    const error = expectFailure(await refused(url.replace('https', 'http')));
    expect(error.code).toBe('UrlRefused');
    expect(error.message).toContain('https');
  });

  it('is refused with credentials, which are not shown', async () => {
    const error = expectFailure(await openerOf()(here().replace('//', '//user:s3cret@')));
    expect(error).toMatchObject({ code: 'UrlRefused', disposition: 'stall' });
    expect(error.message).not.toMatch(/user|s3cret/);
    expect(asked).toEqual([]);
  });

  it.each(['', 'nothing', 'file:///etc/passwd', 'ftp://127.0.0.1/', 'data:,x'])(
    'is refused as %j',
    async (url) => {
      expect(expectFailure(await openerOf()(url)).disposition).toBe('stall');
    },
  );

  it('that the server does not have stalls, and one that fails is worth another try', async () => {
    answer = (request, response) =>
      void response.writeHead(request.url?.startsWith('/gone') === true ? 404 : 503).end();
    const open = openerOf();
    expect(expectFailure(await open(here('/gone?token=s3cret')))).toEqual({
      code: 'BinaryUnavailable',
      message: `${here('/gone')} answered 404.`,
      disposition: 'stall',
    });
    expect(expectFailure(await open(here('/busy'))).disposition).toBe('retry');
  });
});

describe('an address that is not public', () => {
  const locked = { isPrivateAllowed: () => false };

  it.each([
    ['a loopback address', '127.0.0.1'],
    ['a loopback address of IPv6', '[::1]'],
    ['a wrapped one', '[::ffff:127.0.0.1]'],
    ['the metadata of a cloud', '169.254.169.254'],
    ['no address at all', '0.0.0.0'],
    ['a name that resolves to one', 'localhost'],
  ])('is not connected to: %s', async (_, host) => {
    const { hostname, href } = new URL(here('/42.bin', host));
    const open = openerOf({ hosts: [hostname], ...locked });
    for (const url of [href, href.replace('http:', 'https:')]) {
      const error = expectFailure(await open(url));
      expect(error).toMatchObject({ code: 'AddressNotPublic', disposition: 'stall' });
    }
    expect(connections).toBe(0);
  });

  it('spoils all the others of its name', async () => {
    const open = (...addresses: readonly string[]) =>
      openerOf({
        hosts: ['firmware.example'],
        lookUp: (_, __, callback) =>
          callback(
            null,
            addresses.map((address) => ({ address, family: 4 })),
          ),
      })(here('/42.bin', 'firmware.example'));
    for (const found of [
      await open('127.0.0.1', '127.0.0.2'),
      await open('127.0.0.2', '127.0.0.1'),
    ]) {
      expect(expectFailure(found).code).toBe('AddressNotPublic');
    }
    expect(connections).toBe(0);
    expect((await collect(expectOk(await open('127.0.0.1')))).toString()).toBe('firmware');
  });

  it('is not connected to by a redirect either', async () => {
    const hosts = ['127.0.0.1', '127.0.0.2', '[::1]', 'localhost'];
    const isPrivateAllowed = (address: string) => address === '127.0.0.1';
    for (const host of ['127.0.0.2', '[::1]']) {
      redirectAlong(here('/secret', host));
      const error = expectFailure(await openerOf({ hosts, isPrivateAllowed })(here()));
      expect(error.code).toBe('AddressNotPublic');
    }
    expect(asked).toEqual(['127.0.0.1/42.bin', '127.0.0.1/42.bin']);
  });
});

describe('a redirect', () => {
  it('is followed to listed hosts, relative ones too', async () => {
    redirectAlong('/hop1', here('/hop2'), '//127.0.0.1:' + String(port) + '/hop3');
    const content = await collect(expectOk(await openerOf()(here())));
    expect(content.toString()).toBe('firmware');
    expect(asked.length).toBe(4);
  });

  it('is not followed to a host that is not listed', async () => {
    redirectAlong('/hop1', here('/hop2', 'localhost'));
    expect(expectFailure(await openerOf()(here())).code).toBe('HostNotListed');
    expect(asked).toEqual(['127.0.0.1/42.bin', '127.0.0.1/hop1']);
  });

  it('is not followed without end, to nowhere, or with credentials', async () => {
    const open = openerOf();
    redirectAlong('/hop0');
    expect(expectFailure(await open(here('/hop0')))).toMatchObject({ code: 'UrlRefused' });
    expect(asked.length).toBe(6);
    redirectAlong('http://[');
    expect(expectFailure(await open(here())).code).toBe('UrlRefused');
    redirectAlong(here('/hop1').replace('//', '//a:b@'));
    expect(expectFailure(await open(here())).code).toBe('UrlRefused');
    answer = (_, response) => void response.writeHead(302).end();
    expect(expectFailure(await open(here())).code).toBe('BinaryUnavailable');
  });
});

describe('a binary that is too large', () => {
  it('is refused at once where the server says so', async () => {
    answer = (_, response) => void response.end(Buffer.alloc(1_001));
    const error = expectFailure(await openerOf()(here()));
    expect(error).toMatchObject({ code: 'BinaryTooLarge', disposition: 'stall' });
    expect(error.message).toContain('1000 bytes');
  });

  it('ends the stream where the server does not say, and the connection with it', async () => {
    let ended: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => (ended = resolve));
    answer = (_, response) => {
      response.on('close', ended);
      const more = () => {
        while (!response.closed && response.write(Buffer.alloc(100)));
        if (!response.closed) response.once('drain', more);
      };
      more();
    };
    const content = expectOk(await openerOf()(here()));
    const thrown: unknown = await collect(content).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(StreamBroken);
    expect((thrown as StreamBroken).failure.code).toBe('BinaryTooLarge');
    await closed;
  });

  it('is read when it is just as large as it may be', async () => {
    answer = (_, response) => void response.end(Buffer.alloc(1_000));
    expect((await collect(expectOk(await openerOf()(here())))).length).toBe(1_000);
  });
});

describe('a manifest that names such a binary', () => {
  const SHA = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  const filesWith = (url: string) => ({
    'p.yaml':
      'apiVersion: lockstep/v1\nkind: Product\nmetadata: { name: t }\nspec: { fleet: { driver: gateway } }\n',
    'f.yaml': `apiVersion: lockstep/v1\nkind: Firmware\nmetadata: { name: t-1 }\nspec: { product: t, version: 1, binary: { url: "${url}", sha256: ${SHA}, format: opaque } }\n`,
  });
  const problemsOf = async (url: string, options: Partial<GuardedOpenerOptions>) => {
    const loader = createRevisionLoader({ openUrl: openerOf(options) });
    const { problems } = expectOk(await loader.load(memoryTree(filesWith(url)), null));
    return problems.map(({ severity, reason, message }) => ({ severity, reason, message }));
  };

  it('is warned of, and not refused, where the host may not be asked', async () => {
    const warned = [{ severity: 'warning', reason: 'BinaryNotChecked' }];
    expect(await problemsOf(here(), { hosts: ['good.example'] })).toMatchObject(warned);
    expect(await problemsOf(here(), { isPrivateAllowed: () => false })).toMatchObject(warned);
  });

  it('is refused where the binary is too large', async () => {
    answer = (_, response) => {
      response.write(Buffer.alloc(600));
      response.end(Buffer.alloc(600));
    };
    const [problem] = await problemsOf(here(), {});
    expect(problem).toMatchObject({ severity: 'error', reason: 'BinaryMissing' });
    expect(problem?.message).toContain('larger than 1000 bytes');
  });
});
