-- A state as the program with schema version 3 made it, of one of version 2: its tables, the rows of a small fleet,
-- reviews and an arrival. Kept as it was, so that migrations are tried on what is really out there.

CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('next_key', 257);
INSERT INTO meta VALUES ('schema_version', 3);
CREATE TABLE word (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
INSERT INTO word VALUES (1, 'thermostat');
INSERT INTO word VALUES (2, 'ReleaseStarted');
INSERT INTO word VALUES (3, 'c0ffee');
INSERT INTO word VALUES (4, 'Release/thermostat');
INSERT INTO word VALUES (5, 'pump');
INSERT INTO word VALUES (6, 'abababababababababababababababababababababababababababababababab');
CREATE TABLE product (
  number INTEGER PRIMARY KEY, record TEXT, listened INTEGER, slot_ms INTEGER NOT NULL DEFAULT 60000
);
INSERT INTO product VALUES (1, '{"name":"thermostat","adoptedAt":5,"stoppedAt":null,"inForce":{"product":"thermostat","config":{"spec":{"productId":null,"platform":null,"fleet":{"driver":"gateway","admission":"open","pollIntervalMs":60000,"versionAttribute":"fw_version","bootAttribute":"boot","productAttribute":null,"part":"bApp","tenant":null,"attemptTimeoutMs":86400000,"rebootGraceMs":900000,"forgetAfterMs":7776000000,"retries":3,"groupBy":[]},"verification":{"devices":1,"soakMs":0,"group":null,"evidence":"reported"},"guardrails":{"maxAffected":null,"maxUnlocked":null,"maxUnverified":10,"allowEmpty":false}},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"Product","name":"thermostat","revision":"c0ffee","places":{}}},"firmware":[{"spec":{"product":"thermostat","version":41,"reportedAs":null,"title":null,"description":null,"binary":{"path":"41.bin","url":null,"sha256":"abababababababababababababababababababababababababababababababab","format":"opaque"},"withdrawn":null,"retiring":false,"requiresFrom":null},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"Firmware","name":"thermostat-41","revision":"c0ffee","places":{}}},{"spec":{"product":"thermostat","version":42,"reportedAs":null,"title":null,"description":null,"binary":{"path":"42.bin","url":null,"sha256":"abababababababababababababababababababababababababababababababab","format":"opaque"},"withdrawn":null,"retiring":false,"requiresFrom":null},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"Firmware","name":"thermostat-42","revision":"c0ffee","places":{}}}],"groups":[{"spec":{"product":"thermostat","devices":["d-locked","d-offered"],"match":null},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"DeviceGroup","name":"bench","revision":"c0ffee","places":{}}}],"locks":[{"spec":{"product":"thermostat","devices":["d-locked"],"group":null,"version":42,"flash":"now","reason":null,"owner":null,"expires":null},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"DeviceLock","name":"bench-on-42","revision":"c0ffee","places":{}}}],"releases":[{"spec":{"product":"thermostat","version":41,"group":null,"strategy":{"steps":[{"name":"all","exposure":10000,"minDevices":1,"soakMs":0,"successes":1,"approval":false}],"rate":null,"windows":[],"halt":{"failureRate":2,"minAttempts":5,"action":"hold"},"onRollback":"direct"},"approved":[],"attempt":1,"paused":false},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"Release","name":"thermostat","revision":"c0ffee","places":{}}},{"spec":{"product":"thermostat","version":42,"group":"bench","strategy":{"steps":[{"name":"all","exposure":10000,"minDevices":1,"soakMs":0,"successes":1,"approval":false}],"rate":null,"windows":[],"halt":{"failureRate":2,"minAttempts":5,"action":"hold"},"onRollback":"direct"},"approved":[],"attempt":1,"paused":false},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"Release","name":"bench","revision":"c0ffee","places":{}}}],"rollout":{"rounds":2,"tracks":[{"group":null,"base":41,"rolledBack":[],"release":{"version":41,"round":1,"attempt":1,"rollback":false,"step":"all","limit":10000,"stepAt":20,"runningBefore":0,"soakSince":null,"startedAt":20,"finishedAt":30,"halt":null,"baseBefore":null}},{"group":"bench","base":42,"rolledBack":[],"release":{"version":42,"round":2,"attempt":1,"rollback":false,"step":"all","limit":10000,"stepAt":40,"runningBefore":0,"soakSince":null,"startedAt":40,"finishedAt":null,"halt":null,"baseBefore":null}}]}},"revision":"c0ffee","conditions":[]}', 77, 60000);
INSERT INTO product VALUES (5, '{"name":"pump","adoptedAt":null,"stoppedAt":9,"inForce":{"product":"pump","config":null,"firmware":[],"groups":[],"locks":[],"releases":[]},"revision":null,"conditions":[]}', 0, 60000);
CREATE TABLE firmware (
  product INTEGER NOT NULL, version INTEGER NOT NULL, record TEXT NOT NULL,
  PRIMARY KEY (product, version)
) WITHOUT ROWID;
INSERT INTO firmware VALUES (1, 41, '{"product":"thermostat","version":41,"sha256":"abababababababababababababababababababababababababababababababab","size":10,"sha1":"1111111111111111111111111111111111111111","md5":"22222222222222222222222222222222","addedAt":1,"addedRevision":"c0ffee","verifiedAt":20,"finishedAt":30,"withdrawnAt":null,"stored":true}');
INSERT INTO firmware VALUES (1, 42, '{"product":"thermostat","version":42,"sha256":"abababababababababababababababababababababababababababababababab","size":10,"sha1":"1111111111111111111111111111111111111111","md5":"22222222222222222222222222222222","addedAt":1,"addedRevision":"c0ffee","verifiedAt":40,"finishedAt":null,"withdrawnAt":null,"stored":true}');
CREATE TABLE evidence (
  product INTEGER NOT NULL, version INTEGER NOT NULL, sha256 INTEGER NOT NULL, device TEXT NOT NULL,
  level TEXT NOT NULL, since INTEGER NOT NULL, passed_at INTEGER, soaked_ms INTEGER NOT NULL,
  PRIMARY KEY (product, version, sha256, device)
) WITHOUT ROWID;
INSERT INTO evidence VALUES (1, 42, 6, 'd-locked', 'reported', 10, 9, 0);
CREATE TABLE snapshot (one INTEGER PRIMARY KEY CHECK (one = 1), record TEXT NOT NULL);
INSERT INTO snapshot VALUES (1, '{"revision":"c0ffee","products":{"thermostat":{"product":"thermostat","config":{"spec":{"productId":null,"platform":null,"fleet":{"driver":"gateway","admission":"open","pollIntervalMs":60000,"versionAttribute":"fw_version","bootAttribute":"boot","productAttribute":null,"part":"bApp","tenant":null,"attemptTimeoutMs":86400000,"rebootGraceMs":900000,"forgetAfterMs":7776000000,"retries":3,"groupBy":[]},"verification":{"devices":1,"soakMs":0,"group":null,"evidence":"reported"},"guardrails":{"maxAffected":null,"maxUnlocked":null,"maxUnverified":10,"allowEmpty":false}},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"Product","name":"thermostat","revision":"c0ffee","places":{}}},"firmware":[{"spec":{"product":"thermostat","version":41,"reportedAs":null,"title":null,"description":null,"binary":{"path":"41.bin","url":null,"sha256":"abababababababababababababababababababababababababababababababab","format":"opaque"},"withdrawn":null,"retiring":false,"requiresFrom":null},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"Firmware","name":"thermostat-41","revision":"c0ffee","places":{}}},{"spec":{"product":"thermostat","version":42,"reportedAs":null,"title":null,"description":null,"binary":{"path":"42.bin","url":null,"sha256":"abababababababababababababababababababababababababababababababab","format":"opaque"},"withdrawn":null,"retiring":false,"requiresFrom":null},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"Firmware","name":"thermostat-42","revision":"c0ffee","places":{}}}],"groups":[{"spec":{"product":"thermostat","devices":["d-locked","d-offered"],"match":null},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"DeviceGroup","name":"bench","revision":"c0ffee","places":{}}}],"locks":[{"spec":{"product":"thermostat","devices":["d-locked"],"group":null,"version":42,"flash":"now","reason":null,"owner":null,"expires":null},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"DeviceLock","name":"bench-on-42","revision":"c0ffee","places":{}}}],"releases":[{"spec":{"product":"thermostat","version":41,"group":null,"strategy":{"steps":[{"name":"all","exposure":10000,"minDevices":1,"soakMs":0,"successes":1,"approval":false}],"rate":null,"windows":[],"halt":{"failureRate":2,"minAttempts":5,"action":"hold"},"onRollback":"direct"},"approved":[],"attempt":1,"paused":false},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"Release","name":"thermostat","revision":"c0ffee","places":{}}},{"spec":{"product":"thermostat","version":42,"group":"bench","strategy":{"steps":[{"name":"all","exposure":10000,"minDevices":1,"soakMs":0,"successes":1,"approval":false}],"rate":null,"windows":[],"halt":{"failureRate":2,"minAttempts":5,"action":"hold"},"onRollback":"direct"},"approved":[],"attempt":1,"paused":false},"origin":{"file":"fleet.yaml","line":1,"column":1,"kind":"Release","name":"bench","revision":"c0ffee","places":{}}}]}},"problems":[],"frozen":[],"productsByFile":{"fleet.yaml":["thermostat"]},"refused":[],"binaries":{}}');
CREATE TABLE token (
  name TEXT PRIMARY KEY, role TEXT NOT NULL, hash TEXT NOT NULL, created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE device (
  product INTEGER NOT NULL, id TEXT NOT NULL, key INTEGER NOT NULL, rev INTEGER NOT NULL,
  standing INTEGER NOT NULL, running INTEGER, lock_version INTEGER, failing INTEGER NOT NULL,
  deadline INTEGER, detail TEXT NOT NULL, bucket INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (product, id)
) WITHOUT ROWID;
INSERT INTO device VALUES (1, 'd-done', 5, 1, 1, 42, NULL, 0, NULL, '{"t":1000,"r":"42","o":[42,1]}', 7597);
INSERT INTO device VALUES (1, 'd-expected', 8, 1, 0, NULL, NULL, 0, NULL, '{}', 1964);
INSERT INTO device VALUES (1, 'd-failed', 3, 1, 1, 41, NULL, 1, NULL, '{"t":1000,"r":"41","o":[42,2],"failures":{"version":42,"count":2,"retryAt":null,"lastAt":7,"lastMessage":"no “room”\n","round":0}}', 1408);
INSERT INTO device VALUES (1, 'd-idle', 1, 1, 1, 41, NULL, 0, NULL, '{"t":1000,"h":"zc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc0","r":"41","s":12.5,"b":"b\"1\ud800"}', 589);
INSERT INTO device VALUES (1, 'd-locked', 4, 1, 1, 42, 42, 0, NULL, '{"t":1000,"r":"42","o":[42,1],"lock":{"version":42,"flash":"now","armed":true,"manifest":"DeviceLock/bench-on-42","revision":"c0ffee","since":5}}', 5341);
INSERT INTO device VALUES (1, 'd-mute', 6, 1, 1, NULL, NULL, 0, NULL, '{"t":1000}', 8498);
INSERT INTO device VALUES (1, 'd-offered', 2, 1, 1, 41, NULL, 0, 86400000, '{"t":1000,"r":"41","o":[42,0],"action":{"id":1234,"version":42,"sha256":"abababababababababababababababababababababababababababababababab","attempt":1,"phase":"claimed","fetchedAt":3,"claimedAt":4,"offeredAt":2,"deadline":86400000,"graceUntil":900000,"bootAtClaim":"17","cancelPolls":0,"cancelRefused":false,"manifest":"Release/thermostat","revision":"c0ffee","goal":42,"round":0}}', 8202);
INSERT INTO device VALUES (1, 'd-stranger', 7, 1, 2, 41, NULL, 0, NULL, '{"q":"it reports product 7","t":1000,"r":"41"}', 8099);
INSERT INTO device VALUES (5, 'd-idle', 9, 1, 1, 41, NULL, 0, NULL, '{"t":1000,"r":"41"}', 589);
CREATE TABLE attribute (key INTEGER PRIMARY KEY, record TEXT NOT NULL);
INSERT INTO attribute VALUES (1, '{"fw_version":"41"}');
CREATE TABLE tally (
  product INTEGER NOT NULL, name TEXT NOT NULL, devices INTEGER NOT NULL,
  PRIMARY KEY (product, name)
) WITHOUT ROWID;
INSERT INTO tally VALUES (1, 'locked:42', 1);
INSERT INTO tally VALUES (1, 'outcome:42:0:failed', 1);
INSERT INTO tally VALUES (1, 'outcome:42:0:inFlight', 1);
INSERT INTO tally VALUES (1, 'outcome:42:0:succeeded', 2);
INSERT INTO tally VALUES (1, 'standing:active', 6);
INSERT INTO tally VALUES (1, 'standing:quarantined', 1);
INSERT INTO tally VALUES (1, 'unlocked:41', 3);
INSERT INTO tally VALUES (1, 'unlocked:42', 1);
INSERT INTO tally VALUES (1, 'unlocked:?', 1);
INSERT INTO tally VALUES (5, 'standing:active', 1);
INSERT INTO tally VALUES (5, 'unlocked:41', 1);
CREATE TABLE contact (key INTEGER PRIMARY KEY, at INTEGER, listened INTEGER, into_slot INTEGER, dormant INTEGER);
INSERT INTO contact VALUES (1, 86400005, 1, 5, NULL);
INSERT INTO contact VALUES (2, 172800005, 2, 5, NULL);
INSERT INTO contact VALUES (3, 259200000, 3, 0, NULL);
INSERT INTO contact VALUES (4, NULL, NULL, NULL, NULL);
INSERT INTO contact VALUES (5, NULL, NULL, NULL, NULL);
INSERT INTO contact VALUES (6, NULL, NULL, NULL, NULL);
INSERT INTO contact VALUES (7, NULL, NULL, NULL, NULL);
INSERT INTO contact VALUES (8, NULL, NULL, NULL, NULL);
INSERT INTO contact VALUES (9, NULL, NULL, NULL, NULL);
CREATE TABLE contact_slot (
  product INTEGER NOT NULL, slot INTEGER NOT NULL, devices INTEGER NOT NULL,
  PRIMARY KEY (product, slot)
) WITHOUT ROWID;
INSERT INTO contact_slot VALUES (1, 86400000, 1);
INSERT INTO contact_slot VALUES (1, 172800000, 1);
INSERT INTO contact_slot VALUES (1, 259200000, 1);
CREATE TABLE action (
  product INTEGER NOT NULL, device TEXT NOT NULL, id INTEGER NOT NULL, version INTEGER NOT NULL,
  sha256 INTEGER NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL, confirmed INTEGER NOT NULL,
  manifest INTEGER NOT NULL, revision INTEGER NOT NULL, offered_at INTEGER NOT NULL,
  fetched_at INTEGER, closed_at INTEGER, message TEXT,
  PRIMARY KEY (product, device, id)
) WITHOUT ROWID;
INSERT INTO action VALUES (1, 'd-offered', 1234, 42, 6, 1, 'open', 0, 4, 3, 2, NULL, NULL, NULL);
CREATE TABLE feedback (
  product INTEGER NOT NULL, device TEXT NOT NULL, action INTEGER NOT NULL, number INTEGER NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (product, device, action, number)
) WITHOUT ROWID;
CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT, type INTEGER NOT NULL, at INTEGER NOT NULL, product INTEGER,
  revision INTEGER, manifest INTEGER, device TEXT, action INTEGER, message TEXT NOT NULL,
  passing INTEGER NOT NULL
);
INSERT INTO event VALUES (1, 2, 1000, 1, 3, 4, NULL, NULL, 'Version 42 is released.', 0);
CREATE TABLE census (
      product INTEGER NOT NULL, traits INTEGER NOT NULL, version INTEGER NOT NULL, dormant INTEGER NOT NULL,
      block INTEGER NOT NULL, total INTEGER NOT NULL, counts BLOB NOT NULL,
      PRIMARY KEY (product, traits, version, dormant, block)
    ) WITHOUT ROWID;
INSERT INTO census VALUES (1, 0, -1, 0, 84, 1, X'00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000100000000000000');
INSERT INTO census VALUES (1, 0, 41, 0, 5, 1, X'00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO census VALUES (1, 0, 41, 0, 14, 1, X'00000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO census VALUES (1, 0, 41, 0, 82, 1, X'00000000000000000100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO census VALUES (1, 0, 42, 0, 75, 1, X'00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000010000000000000000000000');
INSERT INTO census VALUES (5, 0, 41, 0, 5, 1, X'00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE traits (
      number INTEGER PRIMARY KEY, product INTEGER NOT NULL, text TEXT NOT NULL, UNIQUE (product, text)
    );
CREATE TABLE meter (
      number INTEGER PRIMARY KEY, product INTEGER NOT NULL, name TEXT NOT NULL, full_at REAL NOT NULL,
      UNIQUE (product, name)
    );
CREATE TABLE contact_day (
      product INTEGER NOT NULL, dormant INTEGER NOT NULL, day INTEGER NOT NULL, key INTEGER NOT NULL,
      PRIMARY KEY (product, dormant, day, key)
    ) WITHOUT ROWID;
INSERT INTO contact_day VALUES (1, 0, 1, 1);
INSERT INTO contact_day VALUES (1, 0, 2, 2);
INSERT INTO contact_day VALUES (1, 0, 3, 3);
CREATE TABLE review (
      number INTEGER PRIMARY KEY, saved INTEGER NOT NULL, open INTEGER NOT NULL, record TEXT NOT NULL
    );
INSERT INTO review VALUES (6, 2, 0, '{"pullRequest":{"number":6,"title":"Bring 42","url":"https://forge.example/6"},"head":"h0","base":"b","merge":"m","review":{"plan":{"revision":"r","fingerprint":"sha256:00","products":[],"errors":[]},"base":{"revision":"r","fingerprint":"sha256:00","products":[],"errors":[]},"unread":[],"touchesManifests":true,"standing":[],"gate":"success","releases":[],"newFirmware":[],"policyChanges":[]},"at":6,"outcome":{"kind":"merged","commit":"c0ffee","moved":[]}}');
INSERT INTO review VALUES (7, 1, 1, '{"pullRequest":{"number":7,"title":"“Release 42”","url":"https://forge.example/7"},"head":"h1","base":"b","merge":"m","review":{"plan":{"revision":"r","fingerprint":"sha256:00","products":[],"errors":[]},"base":{"revision":"r","fingerprint":"sha256:00","products":[],"errors":[]},"unread":[],"touchesManifests":true,"standing":[],"gate":"success","releases":[],"newFirmware":[],"policyChanges":[]},"at":7,"outcome":null}');
CREATE TABLE arrival (
      number INTEGER PRIMARY KEY AUTOINCREMENT, revision TEXT NOT NULL UNIQUE, record TEXT NOT NULL
    );
INSERT INTO arrival VALUES (1, 'c0ffee', '{"revision":"c0ffee","plan":{"revision":"r","fingerprint":"sha256:00","products":[],"errors":[]},"at":8}');
CREATE INDEX evidence_device ON evidence (product, device);
CREATE UNIQUE INDEX device_key ON device (key);
CREATE INDEX device_running ON device (product, running, id);
CREATE INDEX device_locked ON device (product, id) WHERE lock_version IS NOT NULL;
CREATE INDEX device_failing ON device (product, id) WHERE failing = 1;
CREATE INDEX device_updating ON device (product, id) WHERE deadline IS NOT NULL;
CREATE INDEX device_due ON device (product, deadline) WHERE deadline IS NOT NULL;
CREATE INDEX device_apart ON device (product, standing, id) WHERE standing <> 1;
CREATE INDEX action_closed ON action (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX event_product ON event (product);
CREATE INDEX event_device ON event (device);
CREATE INDEX event_type ON event (type);
CREATE INDEX event_passing ON event (at) WHERE passing = 1;
CREATE INDEX device_bucket ON device (product, bucket, id) WHERE standing = 1;
CREATE INDEX review_saved ON review (saved);
CREATE INDEX review_open ON review (saved) WHERE open = 1;
UPDATE sqlite_sequence SET seq = 1 WHERE name = 'event';
UPDATE sqlite_sequence SET seq = 1 WHERE name = 'arrival';
