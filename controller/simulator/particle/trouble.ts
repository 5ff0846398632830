// What goes wrong between a client and the fake cloud: moods that spoil every matching request while they last, calls
// made just before or after a request is carried out, fields that go wrong in replies, and trouble with events.

export type Mood =
  | 'ok'
  /** 503, `{ok: false, errors}`. Not carried out, like all that follow up to `silent`. */
  | 'unavailable'
  /** 500 with a code, as when Particle's device service timed out. */
  | 'device-service'
  /** 408: the cloud could not reach the device. */
  | 'unreachable'
  /** 429. */
  | 'too-many'
  /** 401, expired. */
  | 'expired'
  /** 403, for every scope. */
  | 'forbidden'
  /** 502, a page of HTML. */
  | 'html'
  /** 200, a page of HTML. */
  | 'html-ok'
  /** 200, `{ok: false, errors}`. */
  | 'ok-false'
  /** 200, no body. */
  | 'empty'
  /** 200, JSON of quite another shape. */
  | 'nonsense'
  /** The connection breaks before the request is carried out. */
  | 'cut-before'
  /** No answer, ever. */
  | 'silent'
  /** Carried out; half of the JSON arrives, and all seems well. */
  | 'truncated'
  /** Carried out; the connection breaks in the middle of the answer. */
  | 'cut'
  /** Carried out; the connection breaks before the answer. */
  | 'cut-after'
  /** Carried out, and answered with a 502 of HTML. */
  | 'html-after';

/** A whole `METHOD /path` without the query; in a string `*` stands for anything. */
export type RequestPattern = string | RegExp;

/** Is given the query, in which a list says which page it wants. */
export type HookCall = (query: URLSearchParams) => void | Promise<void>;

export type Distortion = 'missing' | 'string' | 'null' | 'nonsense';

export interface EventTrouble {
  /** Shares of events, from 0 to 1. */
  duplicates: number;
  losses: number;
  /** Share of events that come after the next one. */
  reordered: number;
  /** Nothing is written any more, keep-alives included; streams stay open. */
  isSilent: boolean;
  /** New streams are refused with this status; null: they are not. */
  refusal: number | null;
}

export interface Trouble {
  /** For every request. */
  mood: Mood;
  readonly events: EventTrouble;
  /** Devices move between the pages of a list: the order is drawn anew for each page, unless sorted by id. */
  arePagesShifting: boolean;
  /** Spoils matching requests, the next `times` of them; what it returns ends it. */
  disturb(mood: Mood, pattern?: RequestPattern, times?: number): () => void;
  /** Calls this before the next matching request is carried out: somebody else was quicker. */
  callBefore(pattern: RequestPattern, call: HookCall, times?: number): () => void;
  /** Calls this after it was carried out and before it is answered. */
  callAfter(pattern: RequestPattern, call: HookCall, times?: number): () => void;
  /** A field goes wrong in every reply that has it, at any depth; what it returns ends it. */
  distort(field: string, how: Distortion): () => void;

  moodOf(request: string): Mood;
  callsFor(when: 'before' | 'after', request: string): readonly HookCall[];
  distortReply(body: unknown): unknown;
}

interface Hook {
  readonly when: 'before' | 'after';
  readonly pattern: RequestPattern;
  readonly call: HookCall;
  left: number;
}

export function createTrouble(): Trouble {
  const disturbances: { readonly mood: Mood; readonly pattern: RequestPattern; left: number }[] =
    [];
  const hooks: Hook[] = [];
  const distortions = new Map<string, Distortion>();

  const addHook = (hook: Hook): (() => void) => {
    hooks.push(hook);
    return () => {
      hook.left = 0;
    };
  };
  const trouble: Trouble = {
    mood: 'ok',
    events: { duplicates: 0, losses: 0, reordered: 0, isSilent: false, refusal: null },
    arePagesShifting: false,
    disturb: (mood, pattern = '*', times = Infinity) => {
      const disturbance = { mood, pattern, left: times };
      disturbances.push(disturbance);
      return () => {
        disturbance.left = 0;
      };
    },
    callBefore: (pattern, call, times = 1) =>
      addHook({ when: 'before', pattern, call, left: times }),
    callAfter: (pattern, call, times = 1) => addHook({ when: 'after', pattern, call, left: times }),
    distort: (field, how) => {
      distortions.set(field, how);
      return () => {
        distortions.delete(field);
      };
    },
    moodOf: (request) => {
      const found = disturbances.find(({ left, pattern }) => left > 0 && matches(request, pattern));
      if (found === undefined) return trouble.mood;
      found.left -= 1;
      return found.mood;
    },
    callsFor: (when, request) => {
      const found = hooks.filter(
        (hook) => hook.when === when && hook.left > 0 && matches(request, hook.pattern),
      );
      for (const hook of found) hook.left -= 1;
      return found.map(({ call }) => call);
    },
    distortReply: (body) => (distortions.size === 0 ? body : distort(body, distortions)),
  };
  return trouble;
}

function distort(value: unknown, distortions: ReadonlyMap<string, Distortion>): unknown {
  if (Array.isArray(value)) return value.map((item) => distort(item, distortions));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, content]) => {
      const how = distortions.get(field);
      if (how === undefined) return [[field, distort(content, distortions)]];
      if (how === 'missing') return [];
      if (how === 'null') return [[field, null]];
      if (how === 'nonsense') return [[field, { unexpected: [] }]];
      return [[field, content === null ? null : String(content)]];
    }),
  );
}

export function matches(request: string, pattern: RequestPattern): boolean {
  if (pattern instanceof RegExp) return pattern.test(request);
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(request);
}
