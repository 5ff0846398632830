// The dashboard as a whole: who is asking, the frame, and the page that the address names.

import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask, forgetAnswers, onStranger } from './api.js';
import { FrameContext, useAnswer } from './hooks.js';
import { startLive, stopLive } from './live.js';
import { ActivityPage } from './pages/activity.js';
import { DevicePage } from './pages/device.js';
import { DevicesPage } from './pages/devices.js';
import { FirmwarePage } from './pages/firmware.js';
import { OverviewPage } from './pages/overview.js';
import { ReleasePage } from './pages/release.js';
import { SignInPage } from './pages/sign-in.js';
import { SourcesPage } from './pages/sources.js';
import { UnknownPage } from './pages/unknown.js';
import { Shell } from './parts/shell.js';
import { useRoute } from './router.js';

/** @import { SessionJson, SourcesJson, StatusJson } from './answers.js' */
/** @import { Question } from './hooks.js' */
/** @import { Route } from './router.js' */

/** @type {Question<StatusJson>} */
const STATUS = '/status';
/** @type {Question<SourcesJson>} */
const SOURCES = '/sources';

/** @typedef {{ route: Route }} PageProps What each page is given; what it shows it asks for itself. */

/** @type {Readonly<Record<string, import('preact').FunctionComponent<PageProps>>>} */
const PAGES = {
  overview: OverviewPage,
  activity: ActivityPage,
  sources: SourcesPage,
  firmware: FirmwarePage,
  release: ReleasePage,
  devices: DevicesPage,
  device: DevicePage,
};

/** The dashboard. */
export function App() {
  const [session, setSession] = useState(/** @type {SessionJson | null} */ (null));
  const refreshSession = () => void askSession().then(setSession);
  useEffect(() => {
    refreshSession();
    return onStranger(refreshSession);
  }, []);
  useEffect(() => {
    if (session?.role) startLive();
    else stopLive();
  }, [session?.role]);
  if (session === null) return null;
  if (session.role === null) {
    const begin = () => {
      forgetAnswers();
      refreshSession();
    };
    return h(SignInPage, { onSignedIn: begin });
  }
  return h(Known, { session, refreshSession });
}

/** @param {{ session: SessionJson, refreshSession: () => void }} props */
function Known({ session, refreshSession }) {
  const route = useRoute();
  const status = useAnswer(STATUS, ['status']);
  const sources = useAnswer(SOURCES, ['status']);
  const Page = PAGES[route.page] ?? UnknownPage;
  const frame = {
    session,
    refreshSession,
    status: status.data,
    statusFailure: status.failure,
    sources: sources.data,
    sourcesFailure: sources.failure,
  };
  return h(
    FrameContext.Provider,
    { value: frame },
    h(Shell, { route }, h(Page, { key: route.path, route })),
  );
}

/**
 * A server that can't be asked is no reason to ask for a token: the banner says that it is away.
 * @returns {Promise<SessionJson>}
 */
async function askSession() {
  /** @type {import('./api.js').Answer<SessionJson>} */
  const answer = await ask('/session');
  if (answer.ok) return answer.value;
  return { role: 'viewer', name: null, how: null, mayLogOut: false };
}
