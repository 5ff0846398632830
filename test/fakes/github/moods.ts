// What goes wrong between a client and the fake GitHub: moods that spoil every matching request for as long as they
// last, and faults that strike once, after a request was carried out and before its answer.

export type Mood =
  | 'ok'
  /** 503, as JSON. */
  | 'down'
  /** 502, a page of HTML. */
  | 'bad-gateway'
  /** The connection breaks in the middle of the answer; the request was carried out. */
  | 'cut'
  /** No answer, ever. */
  | 'silent'
  /** 403 with `retry-after`. */
  | 'secondary-limit'
  /** 403, with nothing remaining until the reset. */
  | 'primary-limit'
  /** 401. */
  | 'unauthorized';

/**
 * A whole `METHOD /path`, without the query and `/api/v3`; in a string `*` stands for anything. So `POST *comments`
 * is a comment on any pull request, and `* /repos/*` whatever is asked of the repository.
 */
export type RequestPattern = string | RegExp;

export interface Held {
  /** Resolves once a matching request was carried out. */
  readonly reached: Promise<void>;
  /** Lets the answer go. */
  release(): void;
}

/** What happens between carrying a request out and answering it. */
export type Fault = () => Promise<'answer' | 'cut'>;

export interface Moods {
  /** For every request, also git's. */
  mood: Mood;
  /** Seconds that the secondary limit asks to wait; 60 at first, as GitHub has it. */
  retryAfterS: number;
  moodOf(request: string): Mood;
  /** Spoils matching requests, the next `times` of them; what it returns ends it. */
  disturb(mood: Mood, pattern: RequestPattern, times?: number): () => void;
  /** The next matching request is carried out, and its connection cut before the answer. */
  cutAfter(pattern: RequestPattern): void;
  /** Calls this when the next matching request was carried out, and waits for it before answering. */
  callAfter(pattern: RequestPattern, call: () => void | Promise<void>): void;
  /** Holds the answer to the next matching request back. */
  hold(pattern: RequestPattern): Held;
  /** The fault that strikes this request, if any; it strikes no other. */
  takeFault(request: string): Fault | null;
}

export function matches(request: string, pattern: RequestPattern): boolean {
  if (pattern instanceof RegExp) return pattern.test(request);
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(request);
}

export function createMoods(): Moods {
  const disturbances: { readonly mood: Mood; readonly pattern: RequestPattern; left: number }[] =
    [];
  const faults: { readonly pattern: RequestPattern; readonly fault: Fault }[] = [];
  const moods: Moods = {
    mood: 'ok',
    retryAfterS: 60,
    moodOf(request) {
      const found = disturbances.find(({ left, pattern }) => left > 0 && matches(request, pattern));
      if (found === undefined) return moods.mood;
      found.left -= 1;
      return found.mood;
    },
    disturb(mood, pattern, times = Infinity) {
      const disturbance = { mood, pattern, left: times };
      disturbances.push(disturbance);
      return () => {
        disturbance.left = 0;
      };
    },
    cutAfter(pattern) {
      faults.push({ pattern, fault: () => Promise.resolve('cut') });
    },
    callAfter(pattern, call) {
      const fault: Fault = async () => {
        await call();
        return 'answer';
      };
      faults.push({ pattern, fault });
    },
    hold(pattern) {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      const fault: Fault = async () => {
        reached.resolve();
        await released.promise;
        return 'answer';
      };
      faults.push({ pattern, fault });
      return { reached: reached.promise, release: released.resolve };
    },
    takeFault(request) {
      const index = faults.findIndex(({ pattern }) => matches(request, pattern));
      return index < 0 ? null : (faults.splice(index, 1)[0]?.fault ?? null);
    },
  };
  return moods;
}
