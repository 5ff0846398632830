// The server's stream of changes: one for the whole page, read with `fetch` so that the beats between changes are seen as
// well. What is shown is asked for again when the stream names a topic of it, and all of it after the stream was down.
// A page that nobody looks at gives its stream up, so that many open tabs cost the browser and the server nothing.

/**
 * @typedef {object} LiveState
 * @property {boolean} isLive
 * @property {number | null} downSince Epoch milliseconds since when nothing was heard; null while it is live or has just begun.
 * @property {boolean} isOutdated Whether another version of Lockstep serves now than the one that this page came from.
 */

/** The server sends a beat every 15 s. */
const SILENCE_MAX_MS = 40_000;
const LOOK_MS = 5_000;
const BACKOFF_MIN_MS = 1_000;
const BACKOFF_MAX_MS = 30_000;
/** A tab that is hidden for longer gives its stream up. */
const HIDDEN_MAX_MS = 60_000;
/** A line of the stream is far shorter. */
const LINE_MAX = 65_536;

/** @typedef {{ topics: readonly string[], callback: () => void }} Listener */

/** @type {Set<Listener>} */
const listeners = new Set();
/** @type {Set<(state: LiveState) => void>} */
const watchers = new Set();
/** @type {LiveState} */
let state = { isLive: false, downSince: null, isOutdated: false };
/** @type {AbortController | null} */
let stream = null;
/** @type {string | null} */
let version = null;
let heardAt = 0;
let backoffMs = BACKOFF_MIN_MS;
let hasBeenLive = false;
let isWanted = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let retry;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let giveUp;
/** @type {ReturnType<typeof setInterval> | undefined} */
let look;

/** Starts to listen; repeatable. */
export function startLive() {
  if (isWanted) return;
  isWanted = true;
  document.addEventListener('visibilitychange', followVisibility);
  look = setInterval(endSilence, LOOK_MS);
  void connect();
}

/** Ends the stream, until it is started again. */
export function stopLive() {
  isWanted = false;
  document.removeEventListener('visibilitychange', followVisibility);
  clearInterval(look);
  clearTimeout(retry);
  clearTimeout(giveUp);
  stream?.abort();
  stream = null;
  change({ isLive: false, downSince: null });
}

/** Tries at once, instead of when the waiting is over. */
export function retryLive() {
  backoffMs = BACKOFF_MIN_MS;
  clearTimeout(retry);
  if (isWanted && stream === null) void connect();
}

/**
 * Calls back when one of the topics has changed, and after the stream was down. Returns what ends it.
 * @param {readonly string[]} topics
 * @param {() => void} callback
 */
export function onChange(topics, callback) {
  const listener = { topics, callback };
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/**
 * Calls back with each new state of the stream. Returns what ends it.
 * @param {(state: LiveState) => void} callback
 */
export function onLiveState(callback) {
  watchers.add(callback);
  return () => void watchers.delete(callback);
}

/** @returns {LiveState} */
export function liveState() {
  return state;
}

async function connect() {
  const mine = new AbortController();
  stream = mine;
  heardAt = Date.now();
  try {
    const response = await fetch('/api/v1/live', { signal: mine.signal, cache: 'no-store' });
    if (response.ok && response.body !== null) await read(response.body);
  } catch {
    // A stream that breaks is no different from one that ends.
  }
  if (stream !== mine) return;
  stream = null;
  if (!isWanted) return;
  change({ isLive: false, downSince: state.downSince ?? heardAt });
  retry = setTimeout(() => void connect(), backoffMs * (0.5 + Math.random()));
  backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
}

/** @param {ReadableStream<Uint8Array<ArrayBuffer>>} body */
async function read(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let event = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heardAt = Date.now();
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_MAX) return;
    for (const line of lines) {
      if (line.startsWith('event:')) event = line.slice(6).trim();
      else if (line.startsWith('data:')) take(event, JSON.parse(line.slice(5)));
    }
  }
}

/**
 * @param {string} event
 * @param {{ version?: string, topics?: readonly string[] }} data
 */
function take(event, data) {
  if (event === 'hello') {
    backoffMs = BACKOFF_MIN_MS;
    version ??= data.version ?? null;
    change({ isLive: true, downSince: null, isOutdated: data.version !== version });
    // The first hello is said while the page asks for everything anyway.
    if (hasBeenLive) tellAll();
    hasBeenLive = true;
  } else if (event === 'change') {
    const topics = new Set(data.topics ?? []);
    for (const listener of listeners) {
      if (listener.topics.some((topic) => topics.has(topic))) listener.callback();
    }
  }
}

function tellAll() {
  for (const { callback } of listeners) callback();
}

/** A connection can be dead without anyone noticing: a laptop that slept, a proxy that forgot it. */
function endSilence() {
  if (stream !== null && Date.now() - heardAt > SILENCE_MAX_MS) stream.abort();
}

function followVisibility() {
  clearTimeout(giveUp);
  if (document.visibilityState === 'visible') {
    retryLive();
    return;
  }
  giveUp = setTimeout(() => {
    clearTimeout(retry);
    stream?.abort();
    stream = null;
  }, HIDDEN_MAX_MS);
}

/** @param {Partial<LiveState>} to */
function change(to) {
  const next = { ...state, ...to };
  if (
    next.isLive === state.isLive &&
    next.downSince === state.downSince &&
    next.isOutdated === state.isOutdated
  ) {
    return;
  }
  state = next;
  for (const callback of watchers) callback(state);
}
