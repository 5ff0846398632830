// An explanation (`why.ts`) for people at a terminal.

import type { TraceJson } from './answers.ts';
import { cleanText, formatAgo, formatPlace, paint, shortRevision } from './plain-text.ts';
import type { TextStyle } from './plain-text.ts';
import type { RuleExplanation } from './why-rules.ts';
import type { Explanation } from './why.ts';

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
  base: 'base',
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
  const { device, rules, waits, evidence, moves } = explanation;
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
    ...renderPlacement(explanation),
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
  if (moves.length > 0) {
    lines.push('', heading('How it came into its groups'));
    for (const { at, message } of moves) {
      lines.push(`  ${formatAgo(at, now)}  ${cleanText(message)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Where it stands on the circle, and in which groups; nothing where that decides nothing. */
function renderPlacement({ device, exposure, groups }: Explanation): readonly string[] {
  const lines = exposure
    .filter(({ isReached, exposure: reached }) => !isReached || reached < 100)
    .map(({ manifest, version, position, exposure: reached, isReached, step }) => {
      const turn = isReached
        ? ', and so this device'
        : step === null
          ? ''
          : `; this device in step ${step}`;
      return `  circle  at ${position}%; ${cleanText(manifest)} reaches ${reached}% with version ${version}${cleanText(turn)}`;
    });
  const traits = Object.entries(device.traits).map(
    ([name, value]) => `${name} ${value === null ? 'not sent' : `= ${value}`}`,
  );
  if (groups.length > 0 || traits.length > 0) {
    const names = groups.length === 0 ? 'none' : groups.join(', ');
    const by = traits.length === 0 ? '' : ` (${traits.join(', ')})`;
    lines.push(`  groups  ${cleanText(`${names}${by}`)}`);
  }
  if (device.dormant) {
    lines.push('  silent  for a week or more: no release waits for it');
  }
  return lines;
}

function describeTarget({ device }: Explanation): string {
  const { version, goal, manifest, revision, message } = device.target;
  if (version === null) return `be left alone: ${message ?? ''}`;
  const way = goal === version ? '' : ` on the way to ${goal}`;
  return `run ${version}${way}, by ${manifest ?? ''} at ${shortRevision(revision ?? '')}`;
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
