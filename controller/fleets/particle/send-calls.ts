// Sends planned calls in their order, and notes after each what is ours by now. Ends early where somebody has put another
// policy in force meanwhile, or where Particle cannot be reached; what is left is planned anew at the next round.

import { unreachable } from '../../base/assert.ts';
import type { Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import type { Call } from './calls.ts';
import { noteCall } from './calls.ts';
import type { Client } from './client.ts';
import type { Ledger } from './ledger.ts';
import { isReserved } from './wanted-releases.ts';

/** Calls that were sent, of how many: told now and then while it takes long. */
export type Progress = (sent: number, of: number) => void;

const TOLD_EVERY = 100;

export interface Sent {
  readonly ledger: Ledger;
  readonly sent: number;
  /** Those among them that Particle carried out. */
  readonly done: readonly Call[];
  /** What Particle refused, call by call; the others went on. */
  readonly refused: readonly { readonly call: Call; readonly failure: Failure }[];
  /** Why the rest was not sent; null: all was, or another policy is in force. */
  readonly failure: Failure | null;
}

export async function sendCalls(
  client: Client,
  product: string,
  calls: readonly Call[],
  ledger: Ledger,
  options: { readonly isCurrent: () => boolean; readonly progress: Progress },
): Promise<Sent> {
  let known = ledger;
  let sent = 0;
  const carriedOut: Call[] = [];
  const refused: { call: Call; failure: Failure }[] = [];
  for (const call of calls) {
    if (!options.isCurrent()) break;
    const done = await send(client, product, call);
    sent += 1;
    if (done.ok) {
      known = noteCall(known, call, isReserved);
      carriedOut.push(call);
    } else if (isAboutThisCall(done.error)) {
      refused.push({ call, failure: done.error });
      // What comes after in this order may lead devices astray without it; locks stand alone.
      if (call.type !== 'lock' && call.type !== 'unlock') break;
    } else return { ledger: known, sent, done: carriedOut, refused, failure: done.error };
    if (sent % TOLD_EVERY === 0) options.progress(sent, calls.length);
  }
  return { ledger: known, sent, done: carriedOut, refused, failure: null };
}

/** Not of the connection, the token or the limits. */
function isAboutThisCall({ code }: Failure): boolean {
  return code === 'ParticleRefused' || code === 'ParticleNotFound' || code === 'ParticleForbidden';
}

async function send(client: Client, product: string, call: Call): Promise<Result<void, Failure>> {
  switch (call.type) {
    case 'createGroup': {
      const created = await client.createGroup(product, call.group);
      // Somebody was faster, and that is as good.
      return created.ok || !/already exists/i.test(created.error.message) ? created : ok(undefined);
    }
    case 'deleteGroup': {
      const deleted = await client.deleteGroup(product, call.group);
      return deleted.ok || deleted.error.code !== 'ParticleNotFound' ? deleted : ok(undefined);
    }
    case 'release':
      return client.release(product, call);
    case 'editGroups':
      return edit(client, product, call);
    case 'lock':
      return client.lock(product, call.device, call.version, call.flash);
    case 'unlock':
      return client.unlock(product, call.device);
    default:
      return unreachable(call);
  }
}

/** How many devices an edit may name is not documented: one that is refused is tried again in halves. */
async function edit(
  client: Client,
  product: string,
  call: Extract<Call, { type: 'editGroups' }>,
): Promise<Result<void, Failure>> {
  const done = await client.editGroups(product, call);
  const { devices } = call;
  if (done.ok || done.error.code !== 'ParticleRefused' || devices.length === 1) return done;
  const middle = Math.ceil(devices.length / 2);
  const first = await edit(client, product, { ...call, devices: devices.slice(0, middle) });
  if (!first.ok) return first;
  return edit(client, product, { ...call, devices: devices.slice(middle) });
}
