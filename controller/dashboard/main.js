// Where the dashboard begins: draws it into the page.

import { h, render } from 'preact';
import { App } from './app.js';

const place = document.getElementById('app');
if (place !== null) render(h(App, {}), place);
