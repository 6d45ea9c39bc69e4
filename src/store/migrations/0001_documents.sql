-- One text for SQLite and PostgreSQL: texts, whole numbers, no generated ids. Times are UTC milliseconds since the epoch.

-- The database's clock: leases and ages of replicas go by it, whatever the clocks of the replicas say.
CREATE VIEW clock AS SELECT {now_ms} AS now_ms;

-- One row. Whoever commits locks it first, so commits become visible in the order of their revisions.
CREATE TABLE head (
    revision BIGINT NOT NULL,
    -- The highest id given to an audit row, event or delivery.
    entry BIGINT NOT NULL,
    -- Tombstones up to this revision may be gone: nobody older can catch up from them.
    horizon BIGINT NOT NULL
);
INSERT INTO head (revision, entry, horizon) VALUES (0, 0, 0);

-- A document without a body is a tombstone.
CREATE TABLE documents (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    due_at BIGINT,
    body TEXT,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX documents_by_revision ON documents (revision);
CREATE INDEX documents_by_due ON documents (kind, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE audit (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before_body TEXT,
    after_body TEXT,
    reason TEXT,
    result TEXT NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, id);

CREATE TABLE events (
    id BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX events_by_subject ON events (subject, id);

-- The body is the event. A delivery that succeeded is deleted; one that was given up keeps its row until retention takes it.
CREATE TABLE outbox (
    id BIGINT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    destination TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    last_error TEXT,
    dead_at BIGINT
);
CREATE INDEX outbox_by_destination ON outbox (destination, id) WHERE dead_at IS NULL;

CREATE TABLE idempotency (
    request_key TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    fingerprint TEXT NOT NULL,
    revision BIGINT NOT NULL,
    answer TEXT NOT NULL
);

-- One row; nobody holds it while the holder is empty.
CREATE TABLE lease (
    holder TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
INSERT INTO lease (holder, epoch, expires_at) VALUES ('', 0, 0);

CREATE TABLE replicas (
    id TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    applied_revision BIGINT NOT NULL,
    body TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);

CREATE TABLE observations (
    scope TEXT NOT NULL,
    replica TEXT NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (scope, replica)
);
