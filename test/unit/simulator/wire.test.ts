import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  buildFeedback,
  parseCancel,
  parseDeployment,
  parseJson,
  parsePoll,
  parseSleep,
} from '../../../controller/simulator/wire.ts';

const ARTIFACT = {
  filename: 'a.bin',
  size: 5,
  hashes: { sha1: 's', md5: 'm', sha256: 'l' },
  _links: { 'download-http': { href: 'http://x/a' } },
};
const CHUNK = { part: 'os', version: '42', name: 'n', artifacts: [ARTIFACT] };
const DEPLOYMENT = { download: 'forced', update: 'attempt', chunks: [CHUNK] };

function withArtifact(change: object): unknown {
  const chunks = [{ ...CHUNK, artifacts: [{ ...ARTIFACT, ...change }] }];
  return { id: '7', deployment: { ...DEPLOYMENT, chunks } };
}

describe('what a device reads', () => {
  it('takes a poll interval of one second to a second below a day, and nothing else', () => {
    expect(parseSleep('00:00:01')).toBe(1000);
    expect(parseSleep('23:59:59')).toBe(86_399_000);
    for (const text of ['00:00:00', '24:00:00', '1:00:00', '00:60:00', '', 5, null]) {
      expect(parseSleep(text)).toBeNull();
    }
  });

  it('reads a deployment', () => {
    expect(parseDeployment({ id: '7', deployment: DEPLOYMENT })).toEqual({
      ok: true,
      value: {
        id: '7',
        download: 'forced',
        update: 'attempt',
        version: '42',
        filename: 'a.bin',
        size: 5,
        sha1: 's',
        sha256: 'l',
        downloadHref: null,
        downloadHttpHref: 'http://x/a',
      },
    });
  });

  it.each<[string, unknown]>([
    ['no mode', { id: '7', deployment: { chunks: [CHUNK] } }],
    ['no chunk', { id: '7', deployment: { ...DEPLOYMENT, chunks: [] } }],
    ['two chunks', { id: '7', deployment: { ...DEPLOYMENT, chunks: [CHUNK, CHUNK] } }],
    [
      'a number as version',
      { id: '7', deployment: { ...DEPLOYMENT, chunks: [{ ...CHUNK, version: 42 }] } },
    ],
    [
      'two artifacts',
      {
        id: '7',
        deployment: { ...DEPLOYMENT, chunks: [{ ...CHUNK, artifacts: [ARTIFACT, ARTIFACT] }] },
      },
    ],
    ['size 0', withArtifact({ size: 0 })],
    ['a size as text', withArtifact({ size: '5' })],
    ['no sha1', withArtifact({ hashes: {} })],
    ['no link', withArtifact({ _links: {} })],
  ])('refuses a deployment with %s, naming the action', (_, document) => {
    expect(parseDeployment(document)).toMatchObject({ ok: false, error: { id: '7' } });
  });

  it('refuses an id that is not a string of digits', () => {
    for (const id of [7, '7a', '', null]) {
      expect(parseDeployment({ id, deployment: DEPLOYMENT })).toMatchObject({
        ok: false,
        error: { id: null },
      });
    }
  });

  it('survives any answer at all', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.string().map(parseJson)), (document) => {
        parsePoll(document);
        parseCancel(document);
        expect(parseDeployment(document).ok).toBe(false);
      }),
    );
  });
});

describe('what a device writes', () => {
  const feedback = {
    actionId: '7',
    execution: 'closed',
    finished: 'success',
    details: ['x'],
  } as const;

  it('has the form of its client', () => {
    expect(JSON.parse(buildFeedback('rauc', feedback, 0))).toEqual({
      id: '7',
      time: '19700101T000000',
      status: { execution: 'closed', result: { finished: 'success' }, details: ['x'] },
    });
    expect(JSON.parse(buildFeedback('swupdate', feedback, 0))).toMatchObject({
      id: 7,
      status: { result: { progress: { cnt: 1, of: 1 } } },
    });
    expect(JSON.parse(buildFeedback('zephyr', feedback, 0))).toEqual({
      status: { execution: 'closed', result: { finished: 'success' } },
    });
  });
});
