// The tables of a state, as the newest version has them. How an older state gets there is in `migrations.ts`.

/** Number of the schema below. A change raises it, and adds a migration from the number before. */
export const SCHEMA_VERSION = 5;

/**
 * Makes an empty state. Columns stand for what is asked for by value; everything else of a record is JSON in `detail`
 * or `record`. Numbers of words stand in place of product names, digests, revisions and manifests.
 */
export const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('schema_version', ${SCHEMA_VERSION});

CREATE TABLE word (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

-- One row per product that a record or a device belongs to; record is null until the product is saved.
CREATE TABLE product (
  number INTEGER PRIMARY KEY, record TEXT, listened INTEGER, slot_ms INTEGER NOT NULL DEFAULT 60000
);
CREATE TABLE firmware (
  product INTEGER NOT NULL, version INTEGER NOT NULL, record TEXT NOT NULL,
  PRIMARY KEY (product, version)
) WITHOUT ROWID;
CREATE TABLE evidence (
  product INTEGER NOT NULL, version INTEGER NOT NULL, sha256 INTEGER NOT NULL, device TEXT NOT NULL,
  level TEXT NOT NULL, since INTEGER NOT NULL, passed_at INTEGER, soaked_ms INTEGER NOT NULL,
  PRIMARY KEY (product, version, sha256, device)
) WITHOUT ROWID;
CREATE INDEX evidence_device ON evidence (product, device);
CREATE TABLE snapshot (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL);
-- The last review of each pull request; saved rises with each, merged is the commit that it was merged as. And the plan
-- of each revision as it arrived.
CREATE TABLE review (
  number INTEGER PRIMARY KEY, saved INTEGER NOT NULL, open INTEGER NOT NULL, record TEXT NOT NULL,
  merged TEXT
);
CREATE INDEX review_merged ON review (merged) WHERE merged IS NOT NULL;
CREATE INDEX review_saved ON review (saved);
CREATE INDEX review_open ON review (saved) WHERE open = 1;
CREATE TABLE arrival (
  number INTEGER PRIMARY KEY AUTOINCREMENT, revision TEXT NOT NULL UNIQUE, record TEXT NOT NULL
);
-- What fleet drivers keep of a product for themselves.
CREATE TABLE driver_notes (product TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
-- How far each target of notices has been told: id of the last event that it was told of, or is not to be told of.
CREATE TABLE notice_cursor (
  target TEXT PRIMARY KEY, event INTEGER NOT NULL
) WITHOUT ROWID;
-- How the releases in force went, by the rounds of the product. Times are epoch milliseconds, exposures buckets.
CREATE TABLE release_sample (
  product INTEGER NOT NULL, round INTEGER NOT NULL, at INTEGER NOT NULL, exposure INTEGER NOT NULL,
  in_flight INTEGER NOT NULL, succeeded INTEGER NOT NULL, failed INTEGER NOT NULL,
  PRIMARY KEY (product, round, at)
) WITHOUT ROWID;
CREATE TABLE token (
  name TEXT PRIMARY KEY, role TEXT NOT NULL, hash TEXT NOT NULL, created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- standing: 0 expected, 1 active, 2 quarantined. deadline: listening time at which its open action has failed.
-- running: 0 for an unknown version. bucket: its place on the circle of devices, for good. registered: epoch
-- milliseconds of its first contact, 0 before it.
CREATE TABLE device (
  product INTEGER NOT NULL, id TEXT NOT NULL, key INTEGER NOT NULL, rev INTEGER NOT NULL,
  standing INTEGER NOT NULL, running INTEGER, lock_version INTEGER, failing INTEGER NOT NULL,
  deadline INTEGER, detail TEXT NOT NULL, bucket INTEGER NOT NULL DEFAULT 0,
  registered INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (product, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX device_key ON device (key);
CREATE INDEX device_running ON device (product, running, id);
CREATE INDEX device_locked ON device (product, id) WHERE lock_version IS NOT NULL;
CREATE INDEX device_failing ON device (product, id) WHERE failing = 1;
CREATE INDEX device_updating ON device (product, id) WHERE deadline IS NOT NULL;
CREATE INDEX device_due ON device (product, deadline) WHERE deadline IS NOT NULL;
CREATE INDEX device_apart ON device (product, standing, id) WHERE standing <> 1;
CREATE INDEX device_registered ON device (product, registered, id);
CREATE INDEX device_bucket ON device (product, bucket, id) WHERE standing = 1;
CREATE TABLE attribute (key INTEGER PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE tally (
  product INTEGER NOT NULL, name TEXT NOT NULL, devices INTEGER NOT NULL,
  PRIMARY KEY (product, name)
) WITHOUT ROWID;

-- Active devices without a lock by bucket: the counts of 100 buckets are 32-bit numbers, little-endian. traits: 0 for
-- none. version: -1 for an unknown one.
CREATE TABLE census (
  product INTEGER NOT NULL, traits INTEGER NOT NULL, version INTEGER NOT NULL, dormant INTEGER NOT NULL,
  block INTEGER NOT NULL, total INTEGER NOT NULL, counts BLOB NOT NULL,
  PRIMARY KEY (product, traits, version, dormant, block)
) WITHOUT ROWID;
CREATE TABLE traits (
  number INTEGER PRIMARY KEY, product INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE (product, text)
);
-- The token bucket of a release's rate. The number rises with each use.
CREATE TABLE meter (
  number INTEGER PRIMARY KEY, product INTEGER NOT NULL, name TEXT NOT NULL, full_at REAL NOT NULL,
  UNIQUE (product, name)
);

-- One row per device, all null until its first contact. The slot it is counted in began at (at - into_slot): less than
-- a slot, and how far the wall clock (at) is from the steady one (slot).
-- dormant: 1 or null, as its record says.
CREATE TABLE contact (
  key INTEGER PRIMARY KEY, at INTEGER, listened INTEGER, into_slot INTEGER, dormant INTEGER
);
CREATE TABLE contact_slot (
  product INTEGER NOT NULL, slot INTEGER NOT NULL, devices INTEGER NOT NULL,
  PRIMARY KEY (product, slot)
) WITHOUT ROWID;
-- The day (since 1970) of each device's last contact: changes seldom, and finds the long unheard. Those that are
-- dormant already stand apart, so that nobody reads past them.
CREATE TABLE contact_day (
  product INTEGER NOT NULL, dormant INTEGER NOT NULL, day INTEGER NOT NULL, key INTEGER NOT NULL,
  PRIMARY KEY (product, dormant, day, key)
) WITHOUT ROWID;

CREATE TABLE action (
  product INTEGER NOT NULL, device TEXT NOT NULL, id INTEGER NOT NULL, version INTEGER NOT NULL,
  sha256 INTEGER NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL, confirmed INTEGER NOT NULL,
  manifest INTEGER NOT NULL, revision INTEGER NOT NULL, offered_at INTEGER NOT NULL,
  fetched_at INTEGER, closed_at INTEGER, message TEXT,
  PRIMARY KEY (product, device, id)
) WITHOUT ROWID;
CREATE INDEX action_closed ON action (closed_at) WHERE closed_at IS NOT NULL;
CREATE TABLE feedback (
  product INTEGER NOT NULL, device TEXT NOT NULL, action INTEGER NOT NULL, number INTEGER NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (product, device, action, number)
) WITHOUT ROWID;
-- Numbers are never used again, also after the newest events were deleted: readers follow the log by them.
CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT, type INTEGER NOT NULL, at INTEGER NOT NULL, product INTEGER,
  revision INTEGER, manifest INTEGER, device TEXT, action INTEGER, message TEXT NOT NULL,
  passing INTEGER NOT NULL
);
CREATE INDEX event_product ON event (product);
CREATE INDEX event_device ON event (device);
CREATE INDEX event_type ON event (type);
CREATE INDEX event_passing ON event (at) WHERE passing = 1;
`;
