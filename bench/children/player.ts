// Plays releases in a process of its own, so that each core has one.

import { answerParent } from '../support/child.ts';
import { playRelease } from '../support/virtual/play-release.ts';

const calls = { play: playRelease };

/** What the process answers. */
export type Player = typeof calls;

answerParent(calls);
