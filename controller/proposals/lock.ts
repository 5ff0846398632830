// The proposal that locks one device to a version: its own lock is edited, a shared one gives it up, or a new one is
// written.

import type { Result } from '../base/result.ts';
import type { FlashMode } from '../model/desired.ts';
import { nameBranch, slugOf } from './branch-name.ts';
import { findLocks, productsOfDevice } from './device-locks.ts';
import { createDraft, type Draft } from './draft.ts';
import {
  checkVersion,
  chooseProduct,
  type FleetTree,
  type Manifest,
  nameOf,
  placeOf,
  readFleetTree,
} from './fleet-tree.ts';
import { type NewManifest, placeBeside, placeFirst } from './new-manifest.ts';
import type { Mistake, Proposal, ProposalInput, ProposalRefusal } from './proposal.ts';
import { checkDevice, checkReason, refuse, refuseNothingToDo, shorten } from './refuse.ts';

export interface LockRequest {
  readonly device: string;
  readonly version: number;
  readonly flash: FlashMode;
  /** Null: none, or the one that the lock has. */
  readonly reason: string | null;
  /** Null: the one that names the device, or the only one. */
  readonly product: string | null;
}

/** Proposes that a device is locked to a version, whatever is released. */
export function proposeLock(
  input: ProposalInput,
  request: LockRequest,
): Result<Proposal, ProposalRefusal> {
  const tree = readFleetTree(input);
  const { device, version, flash, reason } = request;
  const wrong = [...checkDevice(device), ...(reason === null ? [] : checkReason(reason))];
  const candidates = productsOfDevice(tree, device);
  const chosen = chooseProduct(tree, request.product, candidates, 'both name the device');
  if (!chosen.ok) return refuse([...wrong, ...chosen.error]);
  const product = chosen.value;
  const locks = findLocks(tree, product, device);
  const mistakes = [
    ...wrong,
    ...checkVersion(tree, product, version),
    ...tree.doubts('DeviceLock', product),
    ...tree.doubts('DeviceGroup', product),
    ...locks.grouped
      .filter(({ spec }) => spec.version !== version || spec.flash !== flash)
      .map((lock) => describeGroupLock(lock, request)),
  ];
  if (mistakes.length > 0) return refuse(mistakes);
  const [group] = locks.grouped;
  if (group !== undefined && locks.own.length === 0) {
    return refuseNothingToDo(
      `${nameOf(group)} holds the device on ${version} already, as a member of the group ${group.spec.group}.`,
    );
  }

  const draft = createDraft(tree);
  const kept = locks.own.find(({ spec }) => spec.devices?.length === 1) ?? null;
  const isSo = ({ spec }: Manifest<'DeviceLock'>): boolean =>
    spec.version === version && spec.flash === flash && (reason === null || spec.reason === reason);
  if (locks.own.length > 0 && locks.own.every(isSo)) {
    return refuseNothingToDo(
      `${locks.own.map(nameOf).join(' and ')} locks it to ${version} already.`,
    );
  }
  const summary = [
    ...(kept === null ? addLock(draft, tree, product, request) : editLock(draft, kept, request)),
    ...locks.own
      .filter((lock) => lock !== kept)
      .flatMap((lock) => releaseDevice(draft, lock, device)),
  ];
  return draft.finish({
    branch: nameBranch('lock', [product, device.slice(0, 8), version], {
      device,
      version,
      flash,
      reason,
      product,
    }),
    title: `Lock ${shorten(device, 40)} of ${product} to ${version}`,
    summary,
  });
}

function describeGroupLock(
  lock: Manifest<'DeviceLock'>,
  { device, version, flash }: LockRequest,
): Mistake {
  const { group, version: held, flash: heldFlash } = lock.spec;
  return {
    code: 'LockConflict',
    message: `Device ${shorten(device, 80)} is a member of the group ${group}, which ${nameOf(lock)} locks to ${held}, \`flash: ${heldFlash}\`; with a lock to ${version}, \`flash: ${flash}\`, both would be refused.`,
    remedy: `Change that lock, or take the device out of the group ${group} first.`,
    place: placeOf(lock, 'spec.group'),
  };
}

function editLock(
  draft: Draft,
  lock: Manifest<'DeviceLock'>,
  { device, version, flash, reason }: LockRequest,
): readonly string[] {
  const { spec } = lock;
  const summary: string[] = [];
  const set = (field: string, value: string | number): void =>
    draft.edit(lock, { kind: 'set', path: ['spec', field], value });
  if (spec.version !== version) {
    set('version', version);
    summary.push(
      `${nameOf(lock)} holds device ${device} on version ${version} instead of ${spec.version}.`,
    );
  }
  if (spec.flash !== flash) {
    set('flash', flash);
    summary.push(`${nameOf(lock)} flashes \`${flash}\` instead of \`${spec.flash}\`.`);
  }
  if (reason !== null && spec.reason !== reason) {
    set('reason', reason);
    summary.push(`${nameOf(lock)} has the reason: ${reason}`);
  } else if (spec.reason !== null && spec.version !== version) {
    summary.push(`Its reason stays: ${spec.reason}`);
  }
  if (spec.expires !== null) summary.push(`It is still meant to stand until ${spec.expires}.`);
  return summary;
}

function addLock(
  draft: Draft,
  tree: FleetTree,
  product: string,
  { device, version, flash, reason }: LockRequest,
): readonly string[] {
  const others = tree.list('DeviceLock', product);
  const model = others.at(-1) ?? null;
  const name = nameLock(
    device,
    others.map((lock) => lock.name),
  );
  const manifest: NewManifest = {
    kind: 'DeviceLock',
    product,
    name,
    spec: { product, devices: [device], version, flash, ...(reason === null ? {} : { reason }) },
  };
  const place =
    model === null
      ? placeFirst(tree, manifest, `locks/${name}`)
      : placeBeside(tree, model, name, (stem) =>
          stem.includes(model.name) ? stem.replace(model.name, name) : null,
        );
  draft.add(manifest, place, model ?? tree.list('Product', product)[0] ?? null);
  return [
    `A new DeviceLock ${name} (${place.path}) holds device ${device} on version ${version}, \`flash: ${flash}\`.`,
  ];
}

/** Takes the device out of a lock, and the lock away where it held nothing else. Says so in a sentence. */
export function releaseDevice(
  draft: Draft,
  lock: Manifest<'DeviceLock'>,
  device: string,
): readonly string[] {
  const devices = lock.spec.devices ?? [];
  if (devices.length === 1) {
    draft.remove(lock);
    return [`${nameOf(lock)} is removed: it held device ${device} alone.`];
  }
  draft.edit(lock, { kind: 'remove', path: ['spec', 'devices', devices.indexOf(device)] });
  return [`${nameOf(lock)} no longer lists device ${device}.`];
}

const NAME_MAX = 100;

/** The device's id, as far as a name can hold it, and a number where that is taken. */
function nameLock(device: string, taken: readonly string[]): string {
  const base = slugOf(device, NAME_MAX) || 'device';
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? base : `${base}-${count}`;
    if (!taken.includes(name)) return name;
  }
}
