-- +goose Up

-- What nobody puts back is dropped in the end: by time after a warning, or by hand with a reason. What it was stays on record.
CREATE TABLE quarantine_next (
  id          TEXT PRIMARY KEY,
  run         TEXT NOT NULL,
  action      TEXT NOT NULL,
  owner       TEXT NOT NULL,
  visibility  TEXT NOT NULL,
  kind        TEXT NOT NULL,
  origin      TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  envelope    BYTEA,
  facts       TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('captured', 'removed', 'replayed', 'dropped')),
  captured_at BIGINT NOT NULL,
  removed_at  BIGINT NOT NULL DEFAULT 0,
  replayed_at BIGINT NOT NULL DEFAULT 0,
  expires_at  BIGINT NOT NULL,
  warned_at   BIGINT NOT NULL DEFAULT 0,
  dropped_at  BIGINT NOT NULL DEFAULT 0,
  dropped_by  TEXT NOT NULL DEFAULT '',
  drop_reason TEXT NOT NULL DEFAULT ''
);
INSERT INTO quarantine_next (id, run, action, owner, visibility, kind, origin, fingerprint, envelope, facts, state, captured_at, removed_at, replayed_at, expires_at)
  SELECT id, run, action, owner, visibility, kind, origin, fingerprint, envelope, facts, state, captured_at, removed_at, replayed_at, expires_at FROM quarantine;
DROP TABLE quarantine;
ALTER TABLE quarantine_next RENAME TO quarantine;
CREATE INDEX quarantine_run ON quarantine (run);
CREATE INDEX quarantine_at ON quarantine (captured_at);
CREATE INDEX quarantine_ends ON quarantine (expires_at) WHERE state IN ('captured', 'removed');

-- +goose Down
CREATE TABLE quarantine_last (
  id          TEXT PRIMARY KEY,
  run         TEXT NOT NULL,
  action      TEXT NOT NULL,
  owner       TEXT NOT NULL,
  visibility  TEXT NOT NULL,
  kind        TEXT NOT NULL,
  origin      TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  envelope    BYTEA,
  facts       TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('captured', 'removed', 'replayed')),
  captured_at BIGINT NOT NULL,
  removed_at  BIGINT NOT NULL DEFAULT 0,
  replayed_at BIGINT NOT NULL DEFAULT 0,
  expires_at  BIGINT NOT NULL
);
INSERT INTO quarantine_last SELECT id, run, action, owner, visibility, kind, origin, fingerprint, envelope, facts, state, captured_at, removed_at, replayed_at, expires_at
  FROM quarantine WHERE state <> 'dropped';
DROP TABLE quarantine;
ALTER TABLE quarantine_last RENAME TO quarantine;
CREATE INDEX quarantine_run ON quarantine (run);
CREATE INDEX quarantine_at ON quarantine (captured_at);
