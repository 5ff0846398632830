// The frame around every page: the navigation, the state of the stream, who is signed in, and the banner that says that
// what is shown is not current.

import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { forgetAnswers, tell } from '../api.js';
import { useFrame, useLive } from '../hooks.js';
import { retryLive } from '../live.js';
import { hrefOf } from '../router.js';
import { Icon } from './icon.js';
import { ThemeButton } from './theme-button.js';
import { Time } from './time.js';

/** @import { ComponentChildren } from 'preact' */
/** @import { Route } from '../router.js' */

/** @param {{ route: Route, children?: ComponentChildren }} props */
export function Shell({ route, children }) {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [route]);
  /** @param {Event} event */
  const skip = (event) => {
    // The address after `#` is the page's, so that an ordinary link to the content would leave it.
    event.preventDefault();
    document.getElementById('content')?.focus();
  };
  return h(
    'div',
    { class: 'shell' },
    h('a', { class: 'skip', href: '#content', onClick: skip }, 'Skip to the content'),
    h(
      'header',
      { class: 'top' },
      h(
        'button',
        {
          class: 'icon-button menu-button',
          type: 'button',
          'aria-expanded': isOpen,
          'aria-controls': 'navigation',
          'aria-label': 'Navigation',
          onClick: () => setOpen(!isOpen),
        },
        h(Icon, { name: 'menu' }),
      ),
      h('a', { class: 'brand', href: hrefOf(['overview']) }, 'Lockstep'),
      h('div', { class: 'top-end' }, h(LiveMark, null), h(Session, null), h(ThemeButton, null)),
    ),
    h(Navigation, { route, isOpen }),
    h('main', { id: 'content', class: 'content', tabIndex: -1 }, h(Banner, null), children),
  );
}

/** @param {{ route: Route, isOpen: boolean }} props */
function Navigation({ route, isOpen }) {
  const { status } = useFrame();
  const products = status?.products ?? [];
  return h(
    'nav',
    { id: 'navigation', class: isOpen ? 'nav is-open' : 'nav', 'aria-label': 'Pages' },
    h(
      'ul',
      null,
      [
        ['overview', 'Overview'],
        ['activity', 'Activity'],
        ['sources', 'Sources'],
      ].map(([page = '', title]) =>
        h(
          'li',
          { key: page },
          h(NavLink, { href: hrefOf([page]), isHere: route.page === page }, title),
        ),
      ),
    ),
    products.length > 0 && h('h2', { class: 'nav-title' }, 'Products'),
    h(
      'ul',
      null,
      products.map(({ product }) =>
        h(
          'li',
          { key: product },
          h(
            NavLink,
            {
              href: hrefOf(['p', product, 'release']),
              isHere: false,
              isIn: route.product === product,
            },
            product,
          ),
          route.product === product && h(ProductLinks, { product, route }),
        ),
      ),
    ),
  );
}

/** @param {{ product: string, route: Route }} props */
function ProductLinks({ product, route }) {
  const here = route.page === 'device' ? 'devices' : route.page;
  return h(
    'ul',
    { class: 'nav-sub' },
    [
      ['release', 'Release'],
      ['firmware', 'Firmware'],
      ['devices', 'Devices'],
    ].map(([page = '', title]) =>
      h(
        'li',
        { key: page },
        h(NavLink, { href: hrefOf(['p', product, page]), isHere: here === page }, title),
      ),
    ),
  );
}

/** @param {{ href: string, isHere: boolean, isIn?: boolean, children?: ComponentChildren }} props */
function NavLink({ href, isHere, isIn = false, children }) {
  const current = isHere ? 'page' : undefined;
  return h('a', { href, 'aria-current': current, class: isIn ? 'is-in' : undefined }, children);
}

/** Whether what is shown follows the server. */
function LiveMark() {
  const { isLive } = useLive();
  return h(
    'span',
    { class: isLive ? 'live is-live' : 'live', role: 'status' },
    h('span', { class: 'live-dot', 'aria-hidden': 'true' }),
    isLive ? 'Live' : 'Not live',
  );
}

/** Who is signed in, and the way out. */
function Session() {
  const { session, refreshSession } = useFrame();
  const signOut = async () => {
    await tell('DELETE', '/session');
    forgetAnswers();
    refreshSession();
  };
  return h(
    'span',
    { class: 'session' },
    h('span', { class: 'session-name' }, [session.name, session.role].filter(Boolean).join(', ')),
    session.mayLogOut &&
      h('button', { class: 'button small', type: 'button', onClick: signOut }, 'Sign out'),
  );
}

/** Says that the page is stale, or that a newer dashboard is to be had. */
function Banner() {
  const { downSince, isOutdated } = useLive();
  if (downSince !== null) {
    return h(
      'div',
      { class: 'banner tone-warn', role: 'alert' },
      h(Icon, { name: 'warn' }),
      h(
        'span',
        null,
        'Not live since ',
        h(Time, { at: new Date(downSince).toISOString() }),
        ': trying again.',
      ),
      h('button', { class: 'button small', type: 'button', onClick: retryLive }, 'Try now'),
    );
  }
  if (!isOutdated) return null;
  return h(
    'div',
    { class: 'banner tone-info', role: 'status' },
    h(Icon, { name: 'info' }),
    h('span', null, 'The server runs another version of Lockstep now.'),
    h(
      'button',
      { class: 'button small', type: 'button', onClick: () => location.reload() },
      'Reload',
    ),
  );
}
