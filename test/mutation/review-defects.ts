// Defects of the review of a change: what it is bound by, what the gate says of it, what stands without it, and what moved
// since.

import type { Defect } from './defect.ts';

export const REVIEW_DEFECTS: readonly Defect[] = [
  // --- the review as a whole
  d(
    'a review reads its guardrails from the change',
    'plan/review-change.ts',
    'guardrailsOf(base) }',
    'guardrailsOf(input.merged) }',
  ),
  d(
    'guardrails of a review are those in force',
    'plan/review-change.ts',
    '{ ...input.merged, parentGuardrails: guardrailsOf(base) }',
    'input.merged',
  ),
  d(
    'what stands is looked for in the change itself',
    'plan/review-change.ts',
    'const before = planOf(base);',
    'const before = planOf(merged);',
  ),
  d(
    'a review leaves out what is wrong with the whole source',
    'plan/review-change.ts',
    'context, sourceProblems });',
    'context, sourceProblems: [] });',
  ),
  d(
    'a fleet that could not be read is none of the review',
    'plan/review-change.ts',
    '.filter((product) => !live.has(product))',
    '.filter(() => false)',
  ),
  d(
    'no change touches manifests',
    'plan/review-change.ts',
    '!isSameContent(merged, base)',
    'false',
  ),
  d(
    'the gate of a change is that of its first release',
    'plan/review-change.ts',
    'worstState(releases.map(',
    'worstState(releases.slice(0, 1).map(',
  ),
  d(
    'a review hands on what the base leads to',
    'plan/review-change.ts',
    'next: after.next,',
    'next: before.next,',
  ),

  // --- which releases the gate looks at
  d(
    'a release for a group hides behind the same version for everybody',
    'plan/review-releases.ts',
    'each.spec.group === spec.group && each.spec.version === spec.version',
    'each.spec.version === spec.version',
  ),
  d(
    'a release that is moved to another version is left alone',
    'plan/review-releases.ts',
    'each.spec.group === spec.group && each.spec.version === spec.version',
    'each.spec.group === spec.group',
  ),
  d(
    'a release that the change starts otherwise is left alone',
    'plan/review-releases.ts',
    '!isWaiting && !isStarted) return [];',
    '!isWaiting) return [];',
  ),
  d(
    'a release that waits is left alone',
    'plan/review-releases.ts',
    '!changed.has(release) && !isWaiting && !isStarted',
    '!changed.has(release) && !isStarted',
  ),
  d(
    'a release that waits without the change too is told as its own',
    'plan/review-releases.ts',
    'refusal !== null && !isStanding(product, refusal, sides)',
    'refusal !== null',
  ),
  d(
    'a soak that the change ends is nobody’s matter',
    'plan/review-releases.ts',
    "judgement.state === 'failure' && wasLifted(product, release, sides)",
    'false',
  ),
  d(
    'what nobody would have lifted is blamed on the change',
    'plan/review-releases.ts',
    "refusal?.lifts === 'devices' && isJudgeable(",
    'isJudgeable(',
  ),
  d(
    'a start that the base brings as well is the change’s own',
    'plan/review-releases.ts',
    'base === null ? [] : starts(base), actionKey',
    '[], actionKey',
  ),

  // --- what cannot be judged
  d(
    'a frozen product is judged as if it were not',
    'plan/review-releases.ts',
    'plan === null || plan.frozen',
    'plan === null',
  ),
  d(
    'a product that is frozen passes',
    'plan/review-releases.ts',
    "state: 'failure',\n        message: `Nothing of ${product} can be judged: it is frozen",
    "state: 'success',\n        message: `Nothing of ${product} can be judged: it is frozen",
  ),
  d(
    'a product whose fleet is away passes',
    'plan/review-releases.ts',
    "state: 'failure',\n        message: `Nothing of ${product} can be judged: its fleet",
    "state: 'success',\n        message: `Nothing of ${product} can be judged: its fleet",
  ),
  d(
    'a change that freezes a product passes where no release can be read',
    'plan/review-releases.ts',
    'reports.length > 0 || !isFrozen || wasFrozen',
    'true',
  ),
  d(
    'a product that was frozen before blames the change',
    'plan/review-releases.ts',
    ' || wasFrozen) return reports',
    ') return reports',
  ),
  d(
    'a release manifest that is refused is not told',
    'plan/review-releases.ts',
    '...judgeRefused(product, plan, sides), ',
    '',
  ),
  d(
    'a release manifest that is refused passes',
    'plan/review-releases.ts',
    "state: 'failure',\n        message: `Release/${name} of",
    "state: 'success',\n        message: `Release/${name} of",
  ),
  d(
    'a release manifest that the base has refused blames the change',
    'plan/review-releases.ts',
    ' && !base.refused.includes(key))\n    .map((key) => {',
    ')\n    .map((key) => {',
  ),
  d(
    'firmware that is refused is judged by the older one',
    'plan/review-releases.ts',
    'firmwareRefusal(product, release.spec.version, plan, input) ??\n    plan',
    'plan',
  ),
  d(
    'firmware whose manifest is refused is judged by the one in force',
    'plan/review-releases.ts',
    "if (!merged.refused.includes(manifestKey('Firmware', product, name))) continue;",
    'continue;',
  ),
  d(
    'names of firmware are known from the change alone',
    'plan/review-releases.ts',
    '[desiredOf(base, product), inForce.get(product) ?? null]',
    '[]',
  ),
  d(
    'a release that is refused for something else is judged by the gate',
    'plan/review-releases.ts',
    ' && !JUDGED_BY_GATES.has(reason)',
    ' && false',
  ),
  d(
    'the guardrail of a verified release is the gate’s matter',
    'plan/review-releases.ts',
    "  'TooManyAffected',\n",
    '',
  ),
  d(
    'a release that cannot be judged passes',
    'plan/review-releases.ts',
    "state: 'failure',\n    message: `Version ${version} cannot be judged",
    "state: 'success',\n    message: `Version ${version} cannot be judged",
  ),
  d(
    'what would be refused once it is verified is on its way',
    'plan/review-releases.ts',
    "judgement.state === 'failure' || obstacle === null || forecast !== null",
    'true',
  ),
  d(
    'what leads nowhere once it is verified is still pending',
    'plan/review-releases.ts',
    "const stuck: GateJudgement = {\n      state: 'failure',",
    "const stuck: GateJudgement = {\n      state: 'pending',",
  ),
  d(
    'how a release would go is not told where nobody has adopted the product',
    'plan/review-releases.ts',
    'context: { ...context, adopt: true }',
    'context',
  ),

  // --- the gate
  d(
    'the best of several states counts',
    'plan/review-gate.ts',
    'Math.max(0, ...states',
    'Math.min(3, ...states',
  ),
  d(
    'pending hides behind neutral',
    'plan/review-gate.ts',
    "['success', 'neutral', 'pending', 'failure']",
    "['success', 'pending', 'neutral', 'failure']",
  ),
  d(
    'withdrawn firmware passes the gate of a change',
    'plan/review-gate.ts',
    'if (!withdrawal.passes) return failureOf(withdrawal);',
    '',
  ),
  d(
    'a withdrawal is not seen by the gate of a change',
    'plan/review-gate.ts',
    'withdrawn: spec.withdrawn !== null',
    'withdrawn: false',
  ),
  d(
    'a change passes by the rule that it loosens',
    'plan/review-gate.ts',
    'const rule = base.config?.spec.verification ?? null;',
    'const rule: Rule | null = null as Rule | null;',
  ),
  d(
    'a rule that is loosened for an unverified version is no failure',
    'plan/review-gate.ts',
    'if (!isLoosened) return',
    'if (true) return',
  ),
  d(
    'a rule that is loosened for what soaks is no failure',
    'plan/review-gate.ts',
    " ||\n    (before.state === 'neutral' && own.state === 'success')",
    '',
  ),
  d(
    'a rule that is tightened does not bind the change',
    'plan/review-gate.ts',
    '=== own.state ? own : before;',
    '=== own.state ? before : before;',
  ),
  d(
    'a merged lock to another binary verifies',
    'plan/review-gate.ts',
    'ask(isSameBinary ? base : emptyDesired(base.product), live)',
    'ask(base, live)',
  ),
  d(
    'a soak counts that the change ends',
    'plan/review-gate.ts',
    'ask(merged, withoutSoaks(context, version, letGo))',
    'ask(merged, live)',
  ),
  d(
    'a lock counts that the change removes',
    'plan/review-gate.ts',
    'ask(merged, withoutSoaks(',
    'ask(base, withoutSoaks(',
  ),
  d(
    'a version that nobody leads to is neutral',
    'plan/review-gate.ts',
    "if (own.lifts === 'devices') {",
    'if (true) {',
  ),
  d(
    'what only the change brings is pending',
    'plan/review-gate.ts',
    "return before.lifts === 'devices'\n",
    'return true\n',
  ),
  d(
    'what is on its way is neutral',
    'plan/review-gate.ts',
    "return before.lifts === 'devices'\n",
    'return false\n',
  ),
  d(
    'a change cannot bring its own bench',
    'plan/review-gate.ts',
    '[...merged.groups, ...base.groups]',
    '[...base.groups, ...merged.groups]',
  ),
  d(
    'everybody verifies for a group that nobody has',
    'plan/review-gate.ts',
    'return new Set(found?.spec.devices ?? []);',
    'return found === undefined ? null : new Set(found.spec.devices);',
  ),
  d(
    'a device in quarantine verifies',
    'plan/review-gate.ts',
    "live.named.get(device)?.standing !== 'quarantined' &&",
    '',
  ),
  d(
    'a lock on a device outside of the group verifies',
    'plan/review-gate.ts',
    '(verifiers === null || verifiers.has(device))',
    'true',
  ),
  d('a lock to another version verifies', 'plan/review-gate.ts', 'held === version &&\n', '\n'),
  d(
    'a lock on a group verifies nothing',
    'plan/review-gate.ts',
    'spec.devices ?? group?.spec.devices ?? []',
    'spec.devices ?? []',
  ),
  d(
    'the soak of a device that stays locked elsewhere does not count',
    'plan/review-gate.ts',
    'after.get(device) !== version && after.get(device) !== before.get(device)',
    'after.get(device) !== version',
  ),
  d(
    'evidence that is kept goes with the lock',
    'plan/review-gate.ts',
    '!unmet.has(each.device)',
    '!devices.has(each.device)',
  ),
  d(
    'a person who has to adopt the product is not told of',
    'plan/review-gate.ts',
    'return adopted\n',
    'return true\n',
  ),
  d(
    'no version counts as verified for how it would go',
    'plan/review-gate.ts',
    '? { ...record, verifiedAt: 0 } : record',
    '? record : record',
  ),

  // --- what stands without the change
  d(
    'a refusal stands whatever the change writes',
    'plan/standing.ts',
    'return now !== null && was !== null && JSON.stringify(now.spec) === JSON.stringify(was.spec);',
    'return true;',
  ),
  d(
    'a refusal stands whatever its reason',
    'plan/standing.ts',
    'each.problem.reason === problem.reason',
    'true',
  ),
  d(
    'a refusal of one product hides that of another',
    'plan/standing.ts',
    'each.product === product &&\n',
    '\n',
  ),
  d(
    'a refusal stands that devices would have lifted',
    'plan/standing.ts',
    "if (then.lifts === 'devices' && lifts !== 'devices') return false;",
    '',
  ),
  d(
    'a guardrail of the product stands that the change strains further',
    'plan/standing.ts',
    " || manifest.startsWith('Product/')",
    '',
  ),
  d('everything stands', 'plan/standing.ts', '.filter((key) => !freshKeys.has(key))', ''),
  d(
    'one problem excuses all that say the same',
    'plan/plan-keys.ts',
    'left.set(key, count - 1)',
    'left.set(key, count)',
  ),
  d(
    'who lifts a problem does not tell it from another',
    'plan/plan-keys.ts',
    'return `${lifts} ${problemKey({ product, reason, message: lastingText(message, revision), place })}`;',
    'return problemKey({ product, reason, message: lastingText(message, revision), place });',
  ),
  d(
    'a problem is another one in each revision',
    'plan/plan-keys.ts',
    "message.replaceAll(revision, 'REVISION').replace",
    'message.replace',
  ),
  d(
    'a problem is another one on each line',
    'plan/plan-keys.ts',
    ".replace(/:\\d+:\\d+\\b/g, '')",
    '',
  ),
  d(
    'a release of another version is the same action',
    'plan/plan-keys.ts',
    'return JSON.stringify([type, version, group, rollback, manifest]);',
    'return JSON.stringify([type, group, rollback, manifest]);',
  ),
  d(
    'a release to another group is the same action',
    'plan/plan-keys.ts',
    'return JSON.stringify([type, version, group, rollback, manifest]);',
    'return JSON.stringify([type, version, rollback, manifest]);',
  ),
  d(
    'a rollback is the same action as a release',
    'plan/plan-keys.ts',
    'return JSON.stringify([type, version, group, rollback, manifest]);',
    'return JSON.stringify([type, version, group, manifest]);',
  ),
  d(
    'another lock is the same action',
    'plan/plan-keys.ts',
    'return JSON.stringify([own, manifest]);',
    'return JSON.stringify([own.type, manifest]);',
  ),

  // --- whether the change touches anything, and which rules it changes
  ...['problems', 'frozen', 'refused'].map((part) =>
    d(
      `a change of ${part} alone touches nothing`,
      'plan/same-manifests.ts',
      part === 'problems' ? 'problems: problems\n' : `    ${part},\n`,
      part === 'problems' ? 'problems: problems.slice(problems.length)\n' : '',
    ),
  ),
  d(
    'another binary touches nothing',
    'plan/same-manifests.ts',
    'Object.keys(binaries).sort()',
    '0',
  ),
  d(
    'another Product touches nothing',
    'plan/same-manifests.ts',
    'config === null ? null : specOf(config)',
    'null',
  ),
  ...['firmware', 'groups', 'locks', 'releases'].map((kind) =>
    d(
      `a change of ${kind} alone touches nothing`,
      'plan/same-manifests.ts',
      '...[firmware, groups, locks, releases].map(',
      `...[${['firmware', 'groups', 'locks', 'releases'].filter((each) => each !== kind).join(', ')}].map(`,
    ),
  ),
  d(
    'a problem that names its revision touches manifests',
    'plan/same-manifests.ts',
    'lastingText(message, revision)',
    'message',
  ),
  ...(
    [
      ['productId', "    ['productId', orNone(productId)],\n"],
      ['platform', "    ['platform', orNone(platform)],\n"],
      ['fleet.driver', "    ['fleet.driver', fleet.driver],\n"],
      ['fleet.admission', "    ['fleet.admission', fleet.admission],\n"],
      ['verification.devices', "    ['verification.devices', String(verification.devices)],\n"],
      ['verification.soak', "    ['verification.soak', formatDuration(verification.soakMs)],\n"],
      ['verification.group', "    ['verification.group', orNone(verification.group)],\n"],
      ['verification.evidence', "    ['verification.evidence', verification.evidence],\n"],
      ['maxAffected', "    ['guardrails.maxAffected', percent(guardrails.maxAffected)],\n"],
      ['maxUnlocked', "    ['guardrails.maxUnlocked', percent(guardrails.maxUnlocked)],\n"],
      ['maxUnverified', "    ['guardrails.maxUnverified', String(guardrails.maxUnverified)],\n"],
      ['allowEmpty', "    ['guardrails.allowEmpty', String(guardrails.allowEmpty)],\n"],
      ['halt.failureRate', "    ['halt.failureRate', percent(halt.failureRate)],\n"],
      ['halt.minAttempts', "    ['halt.minAttempts', String(halt.minAttempts)],\n"],
      ['halt.action', "    ['halt.action', halt.action],\n"],
    ] as const
  ).map(([rule, text]) =>
    d(`a change of ${rule} is no change of the rules`, 'plan/policy-changes.ts', text, ''),
  ),
  d(
    'an approval that is taken away is no change of the rules',
    'plan/policy-changes.ts',
    "approvals.length === 0 ? 'none' : approvals.join(', ')",
    "''",
  ),
  d(
    'who verifies is no rule',
    'plan/policy-changes.ts',
    '              ...compareVerifiers(before, after, before.config.spec, after.config.spec),\n',
    '',
  ),
  d(
    'a device that may verify as well is not told',
    'plan/policy-changes.ts',
    'added.length === 0 ? []',
    'true ? []',
  ),
  d(
    'a device that may verify no longer is not told',
    'plan/policy-changes.ts',
    'removed.length === 0 ? []',
    'true ? []',
  ),
  d(
    'the limits of another release are compared',
    'plan/policy-changes.ts',
    'each.spec.group === spec.group && each.spec.version === spec.version',
    'each.spec.group === spec.group',
  ),
  d(
    'another binary of a known version is no new firmware',
    'plan/new-firmware.ts',
    ' && each.spec.binary.sha256 === binary.sha256',
    '',
  ),
  d(
    'what was read out of a new binary is not told',
    'plan/new-firmware.ts',
    'merged.binaries[binary.sha256] ?? null',
    'null',
  ),

  // --- the change apart from what stands
  d(
    'no refusal is the change’s own',
    'plan/review-delta.ts',
    'refusals: plan.refusals.filter((refusal) => !isStanding(refusal)),',
    'refusals: [],',
  ),
  d(
    'every refusal is the change’s own',
    'plan/review-delta.ts',
    'plan.refusals.filter((refusal) => !isStanding(refusal))',
    'plan.refusals',
  ),
  d(
    'no error is the change’s own',
    'plan/review-delta.ts',
    'plan.errors.filter((problem) => !isStanding(problem))',
    '[]',
  ),
  d(
    'every error is the change’s own',
    'plan/review-delta.ts',
    'plan.errors.filter((problem) => !isStanding(problem))',
    'plan.errors',
  ),
  d(
    'what is flashed anyway is the change’s own',
    'plan/review-delta.ts',
    '(other?.devices ?? 0)',
    '0',
  ),
  d(
    'devices that are flashed from another version are not the change’s',
    'plan/review-delta.ts',
    'each.from === from && each.to === to',
    'each.to === to',
  ),
  d(
    'devices that are flashed to another version are not the change’s',
    'plan/review-delta.ts',
    'each.from === from && each.to === to',
    'each.from === from',
  ),
  d(
    'what is no longer flashed is not told',
    'plan/review-delta.ts',
    'spared: moreFlashes(before, after),',
    'spared: [],',
  ),
  d(
    'a frozen product spares its devices',
    'plan/review-delta.ts',
    'isHeld(plan) ? before : plan.impact.flashes',
    'plan.impact.flashes',
  ),
  d(
    'a product that is refused as a whole spares its devices',
    'plan/review-delta.ts',
    "reason === 'EmptySource' || reason === 'ProductNotAccepted'",
    'false',
  ),
  d(
    'a warning that stands is the change’s own',
    'plan/review-delta.ts',
    'withoutPartner(plan.warnings, base?.warnings ?? [], (',
    'withoutPartner(plan.warnings, [], (',
  ),
  d(
    'an action that goes on anyway is the change’s own',
    'plan/review-delta.ts',
    'withoutPartner(plan.actions, base?.actions ?? [], actionKey)',
    'plan.actions',
  ),
  d(
    'a product that is only refused is not touched',
    'plan/review-delta.ts',
    '[actions, refusals, warnings, flashes, spared, releases].some',
    '[actions, warnings, flashes, spared, releases].some',
  ),

  // --- what moved between review and merge
  d(
    'a new error is no move',
    'plan/compare-plans.ts',
    '.filter(([key]) => !before.has(key))',
    '.filter(() => false)',
  ),
  d(
    'a mended error is no move',
    'plan/compare-plans.ts',
    '.filter(([key]) => !after.has(key))',
    '.filter(() => false)',
  ),
  d(
    'a product that froze is no move',
    'plan/compare-plans.ts',
    'before.frozen === after.frozen',
    'true',
  ),
  d(
    'a new action is no move',
    'plan/compare-plans.ts',
    '    ...linesOf(after.actions, before.actions).map((text) => `New for ${product}: ${text}`),\n',
    '',
  ),
  d(
    'an action that went is no move',
    'plan/compare-plans.ts',
    '    ...linesOf(before.actions, after.actions).map((text) => `No longer for ${product}: ${text}`),\n',
    '',
  ),
  d(
    'a release that starts elsewhere is no move',
    'plan/compare-plans.ts',
    '    ...describeStarts(before, after),\n',
    '',
  ),
  d(
    'a release that starts from another version is no move',
    'plan/compare-plans.ts',
    'then.from === now.from && isCountClose',
    'isCountClose',
  ),
  d(
    'a release that reaches further at first is no move',
    'plan/compare-plans.ts',
    'then.from === now.from && isCountClose(then.exposure, now.exposure)',
    'then.from === now.from',
  ),
  d(
    'a new refusal is no move',
    'plan/compare-plans.ts',
    'withoutPartner(after.refusals, before.refusals, keyOf)',
    '[]',
  ),
  d(
    'a refusal that went is no move',
    'plan/compare-plans.ts',
    'withoutPartner(before.refusals, after.refusals, keyOf)',
    '[]',
  ),
  d(
    'a refusal that only a commit lifts now is no move',
    'plan/compare-plans.ts',
    'then === undefined || then.lifts === now.lifts',
    'true',
  ),
  d(
    'a refusal of another manifest is the same',
    'plan/compare-plans.ts',
    "JSON.stringify([reason, manifest, manifest === '' ? [message, place.file] : null])",
    "JSON.stringify([reason, manifest === '' ? [message, place.file] : null])",
  ),
  d(
    'a refusal of another file is the same',
    'plan/compare-plans.ts',
    "manifest === '' ? [message, place.file] : null",
    'null',
  ),
  d(
    'counts that moved are no move',
    'plan/compare-plans.ts',
    '    ...movedCounts(before, after).map((moved) => describeCount(product, moved)),\n',
    '',
  ),
  d(
    'a product that was not read for the review is no move',
    'plan/compare-plans.ts',
    'if (before === undefined) return [`The fleet of ${name} could not be read for the review.`];',
    'if (before === undefined) return [];',
  ),
  d(
    'a product that is not read now is no move',
    'plan/compare-plans.ts',
    'if (after === undefined) return [`The fleet of ${name} cannot be read now.`];',
    'if (after === undefined) return [];',
  ),
  d(
    'flashes that vanished are no move',
    'plan/fingerprint.ts',
    '[...new Map([...after, ...before])]',
    '[...after]',
  ),
  d(
    'flashes that are new are no move',
    'plan/fingerprint.ts',
    '[...new Map([...after, ...before])]',
    '[...before]',
  ),
  ...(
    [
      ['the plan of the base', '    base: planShape(review.base),\n'],
      ['a fleet that is away', '    unread: review.unread,\n'],
      ['whether it touches manifests', '    touchesManifests: review.touchesManifests,\n'],
      ['what stands', '    standing: review.standing.length,\n'],
      ['the gate', '    gate: review.gate,\n'],
      ['new firmware', '    newFirmware: review.newFirmware,\n'],
      ['changed rules', '    policyChanges: review.policyChanges,\n'],
    ] as const
  ).map(([what, text]) =>
    d(`a review keeps its key without ${what}`, 'plan/compare-plans.ts', text, ''),
  ),
  d(
    'a review keeps its key whatever its errors',
    'plan/compare-plans.ts',
    'troubles: troublesOf(plan).map(',
    'troubles: [].map(',
  ),
  d(
    'a review keeps its key whatever its actions',
    'plan/compare-plans.ts',
    'actions: each.actions.map((action) => [',
    'actions: each.actions.slice(each.actions.length).map((action) => [',
  ),
  d(
    'a review keeps its key whatever its warnings',
    'plan/compare-plans.ts',
    'warnings: each.warnings.map(',
    'warnings: each.warnings.slice(each.warnings.length).map(',
  ),
  d(
    'a review keeps its key whatever its impact',
    'plan/compare-plans.ts',
    '      impact: roundedImpact(each),\n',
    '',
  ),
  d(
    'a review keeps its key whatever its steps',
    'plan/compare-plans.ts',
    '      step: [name, exposure, approval],\n',
    '',
  ),
  d(
    'a review has another key for each device',
    'plan/compare-plans.ts',
    'String(roundCount(Number(count.replaceAll(',
    'String((Number(count.replaceAll(',
  ),
];

function d(name: string, file: string, find: string, replace: string): Defect {
  return { name, file, find, replace };
}
