// From settings to a forge: the one place that knows which forges there are.

import type { Clock } from '../base/clock.ts';
import type { Forge } from './forge.ts';
import type { ForgeSettings } from './forge-settings.ts';
import { createGithubForge } from './github/github-forge.ts';

export interface ForgeOptions {
  readonly clock: Clock;
  /** Ends every request that is under way, and refuses new ones. */
  readonly signal?: AbortSignal;
  /** `github` (default) spaces writes out as GitHub asks for; `none` is for forges that need no care. */
  readonly pacing?: 'github' | 'none';
}

const FORGES = { github: createGithubForge };

/** Makes the forge of the settings. Nothing is asked of it yet: `probe` does. */
export function openForge(settings: ForgeSettings, options: ForgeOptions): Forge {
  return FORGES[settings.kind](settings, options);
}
