// An explanation (`why.ts`) for people at a terminal.

import type { TraceJson } from './answers.ts';
import { cleanText, formatAgo, formatPlace, paint, shortRevision } from './plain-text.ts';
import type { TextStyle } from './plain-text.ts';
import type { Explanation, RuleExplanation } from './why.ts';

const MARKS: Readonly<Record<RuleExplanation['outcome'], string>> = {
  decides: '>',
  overruled: '-',
  doesNotApply: ' ',
};

const RULES: Readonly<Record<RuleExplanation['rule'], string>> = {
  quarantine: 'quarantine',
  lock: 'lock',
  groupRelease: 'group release',
  release: 'release',
};

const NEXT_POLL: Readonly<Record<Explanation['nextPoll'], string>> = {
  offer: 'the new version would be offered',
  continue: 'the open update would be offered again',
  cancel: 'the open update would be cancelled',
  ask: 'it would be asked for its attributes',
  nothing: 'nothing would be offered',
  refused: 'it would not be served: nothing of the product is in force',
};

/** The explanation as text; ends with a line break. `now`: epoch milliseconds. */
export function renderWhyText(explanation: Explanation, now: number, style: TextStyle): string {
  const { device, rules, waits, evidence } = explanation;
  const heading = (text: string): string => paint(style, 'bold', text);
  const title = explanation.runningTitle === null ? '' : ` (${explanation.runningTitle})`;
  const reported = device.reported === null ? 'never reported' : `reports "${device.reported}"`;
  const contact = device.online ? 'online' : 'offline';
  const lines = [
    `${heading(cleanText(device.id))} of ${cleanText(device.product)}`,
    cleanText(explanation.summary),
    '',
    `  runs    ${cleanText(`${device.running ?? 'unknown'}${title}, ${reported}`)}`,
    `  should  ${cleanText(describeTarget(explanation))}`,
    `  heard   ${formatAgo(device.lastContactAt, now)}, ${contact}`,
    `  next    at a poll now, ${NEXT_POLL[explanation.nextPoll]}`,
    '',
    heading('Rules, in order'),
    ...rules.flatMap((rule) => renderRule(rule, style)),
  ];
  if (waits.length > 0) {
    lines.push('', heading('What it waits for'));
    for (const { reason, message } of waits) {
      lines.push(`  ${paint(style, 'yellow', reason)}  ${cleanText(message)}`);
    }
  }
  if (evidence.length > 0) {
    lines.push('', heading('Evidence it gave'));
    for (const { version, level, passedAt } of evidence) {
      const passed = passedAt === null ? 'soak not met yet' : `counted since ${passedAt}`;
      lines.push(`  version ${version}: ${level}, ${passed}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function describeTarget({ device }: Explanation): string {
  const { version, manifest, revision, message } = device.target;
  if (version === null) return `be left alone: ${message ?? ''}`;
  return `run ${version}, by ${manifest ?? ''} at ${shortRevision(revision ?? '')}`;
}

function renderRule(rule: RuleExplanation, style: TextStyle): readonly string[] {
  const mark = MARKS[rule.outcome];
  const text = `${mark} ${RULES[rule.rule].padEnd(13)}  ${cleanText(rule.message)}`;
  const overruled = rule.outcome === 'overruled' ? ' (overruled)' : '';
  const line = `  ${rule.outcome === 'decides' ? paint(style, 'green', text) : text}${overruled}`;
  return rule.trace === null ? [line] : [line, `${' '.repeat(19)}${renderTrace(rule.trace)}`];
}

function renderTrace(trace: TraceJson): string {
  const { manifest, revision } = trace;
  const place = formatPlace({ file: trace.file, line: trace.line });
  const from = [cleanText(manifest), place, `at ${shortRevision(revision)}`];
  return from.filter((part) => part !== '').join(' ');
}
