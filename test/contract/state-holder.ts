// A process that opens a state and holds it until it is killed: `node state-holder.ts SPEC [ADDRESS]`. Prints `open`, or
// why it could not.

import { openState } from '../../controller/stores/open-state.ts';

const [, , spec = '', address] = process.argv;
const opened = await openState(spec);
if (opened.ok) {
  if (address !== undefined) opened.value.announce(address);
  process.stdout.write('open\n');
  setInterval(() => undefined, 60_000);
} else {
  process.stdout.write(`${opened.error.message}\n`);
}
