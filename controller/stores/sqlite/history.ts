// What has happened: events, the actions of each device, and what devices said about them. Bounded by pruning.

import type { DatabaseSync } from 'node:sqlite';

import type { ActionRecord, FeedbackEntry } from '../../model/device.ts';
import { DEVICE_EVENTS, type Event, type EventDraft, type EventType } from '../../model/event.ts';
import type { EventQuery } from '../store.ts';
import type { Words } from './words.ts';

/** Feedback entries that are kept per action. */
export const FEEDBACK_MAX = 50;

/** The tables of history. Everything that changes them only runs inside a write. */
export interface History {
  addEvents(events: readonly EventDraft[]): void;
  listEvents(query: EventQuery): readonly Event[];
  saveAction(action: ActionRecord): void;
  readAction(product: string, device: string, id: number): ActionRecord | null;
  /** Highest id first. */
  listActions(product: string, device: string, limit: number): readonly ActionRecord[];
  /** Adds an entry, and drops the oldest beyond `FEEDBACK_MAX`. */
  addFeedback(product: number, device: string, action: number, entry: FeedbackEntry): void;
  /** Oldest first. */
  listFeedback(product: string, device: string, action: number): readonly FeedbackEntry[];
  /** Deletes the actions of a device and what was said about them. Events stay: they are the audit log. */
  removeDevice(product: number, device: string): void;
  /** Deletes at most `limit` events about single devices, and closed actions, older than `before`; returns how many. */
  prune(before: number, limit: number): number;
}

const ACTION_COLUMNS = `id, version, sha256, attempt, state, confirmed, manifest, revision,
  offered_at AS offeredAt, fetched_at AS fetchedAt, closed_at AS closedAt, message`;

/** Opens the tables of history of a state. */
export function openHistory(db: DatabaseSync, words: Words): History {
  const insertEvent = db.prepare(`
    INSERT INTO event (type, at, product, revision, manifest, device, action, message, passing)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const saveAction = db.prepare(
    'INSERT OR REPLACE INTO action VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
  );
  const selectAction = db.prepare(
    `SELECT ${ACTION_COLUMNS} FROM action WHERE product = ? AND device = ? AND id = ?`,
  );
  const selectActions = db.prepare(
    `SELECT ${ACTION_COLUMNS} FROM action WHERE product = ? AND device = ? ORDER BY id DESC LIMIT ?`,
  );
  const removeActions = db.prepare('DELETE FROM action WHERE product = ? AND device = ?');
  const lastFeedback = db.prepare(`
    SELECT max(number) AS number FROM feedback WHERE product = ? AND device = ? AND action = ?`);
  const insertFeedback = db.prepare('INSERT INTO feedback VALUES (?, ?, ?, ?, ?)');
  const trimFeedback = db.prepare(
    'DELETE FROM feedback WHERE product = ? AND device = ? AND action = ? AND number <= ?',
  );
  const selectFeedback = db.prepare(`
    SELECT record FROM feedback WHERE product = ? AND device = ? AND action = ? ORDER BY number`);
  const removeFeedback = db.prepare('DELETE FROM feedback WHERE product = ? AND device = ?');
  const pruneEvents = db.prepare(`
    DELETE FROM event WHERE id IN (
      SELECT id FROM event INDEXED BY event_passing WHERE passing = 1 AND at < ? ORDER BY at LIMIT ?)`);
  const selectClosed = db.prepare(`
    SELECT product, device, id FROM action INDEXED BY action_closed
    WHERE closed_at IS NOT NULL AND closed_at < ? ORDER BY closed_at LIMIT ?`);
  const removeAction = db.prepare('DELETE FROM action WHERE product = ? AND device = ? AND id = ?');

  function internNullable(text: string | null): number | null {
    return text === null ? null : words.intern(text);
  }
  function textNullable(number: number | null): string | null {
    return number === null ? null : words.text(number);
  }
  function decodeAction(product: string, device: string, row: ActionRow): ActionRecord {
    return {
      product,
      device,
      ...row,
      sha256: words.text(row.sha256),
      confirmed: row.confirmed === 1,
      manifest: words.text(row.manifest),
      revision: words.text(row.revision),
    };
  }
  function decodeEvent(row: EventRow): Event {
    return {
      id: row.id,
      type: words.text(row.type) as EventType,
      at: row.at,
      product: textNullable(row.product),
      revision: textNullable(row.revision),
      manifest: textNullable(row.manifest),
      device: row.device,
      actionId: row.action,
      message: row.message,
    };
  }

  return {
    addEvents(events) {
      for (const event of events) {
        insertEvent.run(
          words.intern(event.type),
          event.at,
          internNullable(event.product),
          internNullable(event.revision),
          internNullable(event.manifest),
          event.device,
          event.actionId,
          event.message,
          DEVICE_EVENTS.has(event.type) ? 1 : 0,
        );
      }
    },
    listEvents(query) {
      const product = query.product === undefined ? undefined : words.find(query.product);
      const types =
        query.type === undefined
          ? [undefined]
          : [...new Set([query.type].flat())].map((type) => words.find(type));
      const select = db.prepare(buildEventSelect(query));
      // Each type is walked by its index, so that no more is read than can be among the first.
      const rows = types.flatMap((type) => {
        // A word that was never written is in no event.
        if (product === null || type === null) return [];
        const values = [query.device, type, product, query.beforeId, query.afterId, query.limit];
        const found = select.all(...values.filter((value) => value !== undefined));
        return found as unknown as readonly EventRow[];
      });
      const isForward = query.afterId !== undefined;
      return rows
        .sort((a, b) => (isForward ? a.id - b.id : b.id - a.id))
        .slice(0, query.limit)
        .map(decodeEvent);
    },
    saveAction(action) {
      saveAction.run(
        words.intern(action.product),
        action.device,
        action.id,
        action.version,
        words.intern(action.sha256),
        action.attempt,
        action.state,
        action.confirmed ? 1 : 0,
        words.intern(action.manifest),
        words.intern(action.revision),
        action.offeredAt,
        action.fetchedAt,
        action.closedAt,
        action.message,
      );
    },
    readAction(product, device, id) {
      const number = words.find(product);
      const row = number === null ? undefined : selectAction.get(number, device, id);
      if (row === undefined) return null;
      return decodeAction(product, device, row as unknown as ActionRow);
    },
    listActions(product, device, limit) {
      const number = words.find(product);
      if (number === null) return [];
      const rows = selectActions.all(number, device, limit) as unknown as readonly ActionRow[];
      return rows.map((row) => decodeAction(product, device, row));
    },
    addFeedback(product, device, action, entry) {
      const number = Number(lastFeedback.get(product, device, action)?.['number'] ?? 0) + 1;
      insertFeedback.run(product, device, action, number, JSON.stringify(entry));
      if (number > FEEDBACK_MAX) trimFeedback.run(product, device, action, number - FEEDBACK_MAX);
    },
    listFeedback(product, device, action) {
      const number = words.find(product);
      if (number === null) return [];
      const rows = selectFeedback.all(number, device, action);
      return rows.map((row) => JSON.parse(String(row['record'])) as FeedbackEntry);
    },
    removeDevice(product, device) {
      removeActions.run(product, device);
      removeFeedback.run(product, device);
    },
    prune(before, limit) {
      let count = Number(pruneEvents.run(before, limit).changes);
      for (const row of selectClosed.all(before, limit - count)) {
        const { product, device, id } = row as unknown as ClosedAction;
        removeAction.run(product, device, id);
        trimFeedback.run(product, device, id, Number.MAX_SAFE_INTEGER);
        count += 1;
      }
      return count;
    },
  };
}

/**
 * The statement for a query; its parameters are the values that are given, in the order device, type, product,
 * beforeId, afterId, limit. The narrowest filter's index is walked from the end that is asked for.
 */
export function buildEventSelect(query: EventQuery): string {
  const conditions: string[] = [];
  if (query.device !== undefined) conditions.push('device = ?');
  if (query.type !== undefined) conditions.push('type = ?');
  if (query.product !== undefined) conditions.push('product = ?');
  if (query.beforeId !== undefined) conditions.push('id < ?');
  if (query.afterId !== undefined) conditions.push('id > ?');
  const index =
    query.device !== undefined
      ? 'INDEXED BY event_device'
      : query.type !== undefined
        ? 'INDEXED BY event_type'
        : query.product !== undefined
          ? 'INDEXED BY event_product'
          : 'NOT INDEXED';
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const order = query.afterId === undefined ? 'DESC' : 'ASC';
  return `SELECT id, type, at, product, revision, manifest, device, action, message
    FROM event ${index} ${where} ORDER BY id ${order} LIMIT ?`;
}

interface ActionRow extends Omit<
  ActionRecord,
  'product' | 'device' | 'sha256' | 'confirmed' | 'manifest' | 'revision'
> {
  readonly sha256: number;
  readonly confirmed: number;
  readonly manifest: number;
  readonly revision: number;
}

interface EventRow {
  readonly id: number;
  readonly type: number;
  readonly at: number;
  readonly product: number | null;
  readonly revision: number | null;
  readonly manifest: number | null;
  readonly device: string | null;
  readonly action: number | null;
  readonly message: string;
}

interface ClosedAction {
  readonly product: number;
  readonly device: string;
  readonly id: number;
}
