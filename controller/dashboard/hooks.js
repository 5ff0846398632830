// What components keep current: answers of the API, the stream's state, and the clock. The rest of the page's state is
// in the address.

import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { ABORTED, ask, lastAnswer } from './api.js';
import { liveState, onChange, onLiveState } from './live.js';

/** @import { AskFailure } from './api.js' */
/** @import { LiveState } from './live.js' */
/** @import { SessionJson, SourcesJson, StatusJson } from './answers.js' */

/**
 * A path of the API, with the type of what is there.
 * @template T
 * @typedef {string & { readonly answer?: T }} Question
 */

/**
 * An answer that is kept current. `data` is the newest, also while `failure` says why there is no newer one.
 * @template T
 * @typedef {object} Current
 * @property {T | null} data
 * @property {AskFailure | null} failure
 * @property {boolean} isLoading Nothing has come yet.
 * @property {() => void} refresh Asks again now.
 */

/**
 * What the frame of the page knows, for every page in it.
 * @typedef {object} Frame
 * @property {SessionJson} session
 * @property {StatusJson | null} status
 * @property {AskFailure | null} statusFailure
 * @property {SourcesJson | null} sources
 * @property {AskFailure | null} sourcesFailure
 * @property {() => void} refreshSession
 */

/** @type {Frame} */
const NO_FRAME = {
  session: { role: null, name: null, how: null, mayLogOut: false },
  status: null,
  statusFailure: null,
  sources: null,
  sourcesFailure: null,
  refreshSession: () => undefined,
};

export const FrameContext = createContext(NO_FRAME);

/** @returns {Frame} */
export function useFrame() {
  return useContext(FrameContext);
}

/** However many changes come, a page asks at most this often. */
const JITTER_MS = 1_000;

/**
 * Asks `/api/v1` + path, and again whenever one of the topics changes. `path` null asks nothing.
 * @template T
 * @param {Question<T> | null} path
 * @param {readonly string[]} topics
 * @returns {Current<T>}
 */
export function useAnswer(path, topics) {
  const [state, setState] = useState(() => /** @type {Held<T>} */ (begin(path)));
  const refresh = useRef(/** @type {() => void} */ (() => undefined));
  const topicsKey = topics.join(' ');
  useEffect(() => {
    if (path === null) return undefined;
    const ending = new AbortController();
    const load = async () => {
      const answer = /** @type {import('./api.js').Answer<T>} */ (
        await ask(path, { signal: ending.signal })
      );
      if (ending.signal.aborted) return;
      setState((before) => hold(path, before, answer));
    };
    const turns = createTurns(load);
    refresh.current = () => turns.ask(0);
    turns.ask(0);
    const stop = onChange(topicsKey.split(' '), () => turns.ask(Math.random() * JITTER_MS));
    return () => {
      ending.abort();
      turns.end();
      stop();
    };
  }, [path, topicsKey]);
  const shown = state.path === path ? state : /** @type {Held<T>} */ (begin(path));
  return {
    data: shown.data,
    failure: shown.failure,
    isLoading: path !== null && shown.data === null && shown.failure === null,
    refresh: () => refresh.current(),
  };
}

/**
 * The state of the stream.
 * @returns {LiveState}
 */
export function useLive() {
  const [state, setState] = useState(liveState);
  useEffect(() => {
    setState(liveState());
    return onLiveState(setState);
  }, []);
  return state;
}

/**
 * The time, each so many milliseconds.
 * @param {number} everyMs
 */
export function useNow(everyMs) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/**
 * @template T
 * @typedef {{ path: string | null, data: T | null, failure: AskFailure | null }} Held
 */

/**
 * @param {string | null} path
 * @returns {Held<unknown>}
 */
function begin(path) {
  return { path, data: path === null ? null : lastAnswer(path), failure: null };
}

/**
 * The same state where nothing changed, so that nothing is drawn.
 * @template T
 * @param {string} path
 * @param {Held<T>} before
 * @param {import('./api.js').Answer<T>} answer
 * @returns {Held<T>}
 */
function hold(path, before, answer) {
  const data = before.path === path ? before.data : null;
  if (answer.ok) {
    const isSame = before.path === path && before.failure === null && data === answer.value;
    return isSame ? before : { path, data: answer.value, failure: null };
  }
  if (answer.error.code === ABORTED) return before;
  // A server that is away is told of by the banner, and what was answered last stays where it is.
  if (answer.error.status === 0 && data !== null) return before;
  return { path, data, failure: answer.error };
}

/**
 * One question at a time: while one is under way, any number of wishes make one more.
 * @param {() => Promise<void>} load
 */
function createTurns(load) {
  let isBusy = false;
  let isWanted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const run = async () => {
    timer = undefined;
    isBusy = true;
    await load();
    isBusy = false;
    if (!isWanted) return;
    isWanted = false;
    turns.ask(0);
  };
  const turns = {
    /** @param {number} afterMs */
    ask(afterMs) {
      if (isBusy) isWanted = true;
      else timer ??= setTimeout(() => void run(), afterMs);
    },
    end() {
      isWanted = false;
      clearTimeout(timer);
    },
  };
  return turns;
}
