// A device's agent in a history: it does what each step says, remembers what it was told, and has the oracle look at
// everything that it is offered and given.

import type { TestController } from '../../support/controller.ts';
import type { DeviceHand, Offer, Polled } from '../../support/device-hand.ts';
import type { Step } from './history.ts';
import type { Oracle } from './oracle.ts';
import { must } from './oracle.ts';

type AgentStep = Extract<Step, { readonly device: number }>;

export interface Agent {
  readonly id: string;
  /** Registers and names its version. */
  introduce(): Promise<void>;
  take(step: AgentStep): Promise<void>;
}

interface AgentPorts {
  readonly id: string;
  /** Text of the version that it runs at the start. */
  readonly running: string;
  readonly oracle: Oracle;
  /** The controller now; another one after a restart. */
  readonly controller: () => TestController;
  readonly isStopped: () => boolean;
}

interface Open {
  readonly id: number;
  readonly href: string;
  readonly offer: Offer | null;
  readonly isDownloaded: boolean;
}

/** Creates an agent. */
export function createAgent(ports: AgentPorts): Agent {
  const { id, oracle } = ports;
  const seen = new Set<number>();
  const closed = new Set<number>();
  const refused = new Set<number>();
  let running = ports.running;
  let named: string | null = null;
  let open: Open | null = null;
  let cancel: number | null = null;

  const hand = (): DeviceHand => ports.controller().device(id);

  async function poll(): Promise<Polled> {
    const polled = await hand().poll();
    must('6', polled.status === 200, `${id} was answered ${polled.status}`);
    const { link } = polled;
    cancel = link?.kind === 'cancel' ? link.id : null;
    if (link === null || link.kind === 'cancel') {
      open = null;
      return polled;
    }
    must('6', !closed.has(link.id), `${id} was offered action ${link.id} again after its end`);
    const action = await ports.controller().store.action('thermostat', id, link.id);
    if (action === null) throw new Error(`no action ${link.id}`);
    if (!seen.has(link.id)) oracle.checkOffer(action, named, ports.isStopped());
    const wanted = oracle.wantedOf(id);
    must(
      '1',
      wanted?.by !== 'lock' || wanted.version === action.version || refused.has(link.id),
      `${id} is still shown ${action.version}, locked to ${wanted?.version}`,
    );
    seen.add(link.id);
    if (open?.id !== link.id) {
      open = { id: link.id, href: link.href, offer: null, isDownloaded: false };
    }
    return polled;
  }

  async function fetch(): Promise<void> {
    if (open === null) return;
    const offer = await hand().read(open.href);
    must('6', offer.status === 200 || offer.status === 404, `a document: ${offer.status}`);
    if (offer.status === 200) open = { ...open, offer };
  }

  async function download(): Promise<void> {
    if (open === null || open.offer === null) return;
    const { version, sha256, artifact } = open.offer;
    const got = await hand().download(artifact);
    must('3', [200, 404, 503].includes(got.status), `a download: ${got.status}`);
    if (got.status !== 200 || got.broken) return;
    must('3', got.sha256 === sha256, `${id} got other bytes than its document names`);
    oracle.noteDownload(id, Number(version), got.sha256);
    open = { ...open, isDownloaded: true };
  }

  async function close(finished: 'success' | 'failure'): Promise<void> {
    if (open === null) return;
    const status = await hand().feedback(open.id, 'closed', finished);
    must('6', status === 200 || status === 410, `feedback: ${status}`);
    closed.add(open.id);
  }

  async function report(text: string): Promise<void> {
    const status = await hand().report(text);
    must('6', status === 200, `a report: ${status}`);
    named = text;
    oracle.noteReport(id, text, ports.controller().clock.monotonicMs());
  }

  async function answerCancel(answer: 'success' | 'failure' | 'rejected'): Promise<void> {
    if (cancel === null) return;
    const status =
      answer === 'rejected'
        ? await hand().cancelFeedback(cancel, 'rejected', 'none')
        : await hand().cancelFeedback(cancel, 'closed', answer);
    if (status !== 200) return;
    if (answer === 'success') closed.add(cancel);
    else refused.add(cancel);
    cancel = null;
  }

  async function attempt(
    until: Extract<AgentStep, { readonly type: 'attempt' }>['until'],
  ): Promise<void> {
    await poll();
    await fetch();
    if (until === 'read') return;
    await download();
    const version = open?.isDownloaded === true ? open.offer?.version : undefined;
    if (until === 'download' || version === undefined) return;
    await close(until === 'failure' ? 'failure' : 'success');
    open = null;
    if (until === 'success') running = version;
    // A device that fell back names what it ran before.
    await report(running);
  }

  async function update(): Promise<void> {
    const { asks } = await poll();
    if (cancel !== null) await answerCancel('success');
    await fetch();
    await download();
    if (open !== null && open.offer !== null && open.isDownloaded) {
      running = open.offer.version;
      await close('success');
      await report(running);
      open = null;
    } else if (asks) await report(running);
  }

  return {
    id,
    async introduce() {
      await poll();
      await report(running);
    },
    async take(step) {
      switch (step.type) {
        case 'poll':
          await poll();
          return;
        case 'fetch':
          return fetch();
        case 'download':
          return download();
        case 'finish': {
          const version = open?.isDownloaded === true ? open.offer?.version : undefined;
          if (step.says !== 'nothing') await close(step.says);
          if (step.runs && version !== undefined) running = version;
          if (step.names) await report(running);
          if (step.says !== 'nothing') open = null;
          return;
        }
        case 'attempt':
          return attempt(step.until);
        case 'update':
          return update();
        case 'report':
          // Somebody flashed it by cable, or it names what it likes.
          running = step.text ?? running;
          return report(running);
        case 'answerCancel':
          return answerCancel(step.answer);
      }
    },
  };
}
