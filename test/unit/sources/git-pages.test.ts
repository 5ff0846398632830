// The pages of a repository, as its git address leads to them.

import { describe, expect, it } from 'vitest';

import { commitPageOf, pagesOfFolder } from '../../../controller/model/pages.ts';
import { pagesOfGitUrl } from '../../../controller/sources/git/git-pages.ts';

const GITHUB = {
  commit: 'https://github.com/acme/fleet/commit/{revision}',
  file: 'https://github.com/acme/fleet/blob/{revision}/{file}#L{line}',
};

describe('the pages of a git address', () => {
  it.each([
    'https://github.com/acme/fleet.git',
    'https://github.com/acme/fleet/',
    'git@github.com:acme/fleet.git',
    'git@github.com:/acme/fleet.git',
    'ssh://git@github.com:2222/acme/fleet.git',
  ])('are those of GitHub: %s', (address) => {
    expect(pagesOfGitUrl(address)).toEqual(GITHUB);
  });

  it('are those of GitLab, also in a folder of groups, and of a server of one’s own', () => {
    expect(pagesOfGitUrl('https://gitlab.example.com:8443/a/b/fleet.git')).toEqual({
      commit: 'https://gitlab.example.com:8443/a/b/fleet/-/commit/{revision}',
      file: 'https://gitlab.example.com:8443/a/b/fleet/-/blob/{revision}/{file}#L{line}',
    });
    expect(pagesOfGitUrl('https://github.example.com/a/b')?.commit).toBe(
      'https://github.example.com/a/b/commit/{revision}',
    );
    expect(pagesOfGitUrl('git@acme.ghe.com:a/b')?.commit).toBe(
      'https://acme.ghe.com/a/b/commit/{revision}',
    );
  });

  it.each([
    '/srv/fleet.git',
    'file:///srv/github.com/fleet.git',
    'https://git.example.com/acme/fleet.git',
    'https://mygithub.example.com/acme/fleet.git',
    'https://github.com/fleet.git',
    'ext::sh',
  ])('are not known: %s', (address) => {
    expect(pagesOfGitUrl(address)).toBeNull();
  });

  it('hold nothing secret of the address', () => {
    expect(
      pagesOfGitUrl('https://user:s3cret@github.com/acme/fleet.git?private_token=s3cret'),
    ).toEqual(GITHUB);
    expect(pagesOfGitUrl('ssh://user:s3cret@github.com/acme/fleet.git')).toEqual(GITHUB);
  });

  it('cannot be mistaken for what is filled in', () => {
    expect(pagesOfGitUrl('https://github.com/{revision}/fleet')?.commit).toBe(
      'https://github.com/%7Brevision%7D/fleet/commit/{revision}',
    );
  });
});

describe('pages', () => {
  it('of a folder name its files from there', () => {
    expect(pagesOfFolder(GITHUB, null)).toBe(GITHUB);
    expect(pagesOfFolder(GITHUB, 'a b/c').file).toBe(
      'https://github.com/acme/fleet/blob/{revision}/a%20b/c/{file}#L{line}',
    );
  });

  it('of a commit are filled in as they must stand in an address', () => {
    expect(commitPageOf(GITHUB, 'a/b')).toBe('https://github.com/acme/fleet/commit/a%2Fb');
  });
});
