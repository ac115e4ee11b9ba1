-- +goose Up

-- Processes of ours in other networks. The key is the public one; a name belongs to one runner that may work.
CREATE TABLE runner (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  labels     TEXT NOT NULL,
  key        BYTEA NOT NULL,
  added_by   TEXT NOT NULL,
  added_at   BIGINT NOT NULL,
  revoked_by TEXT NOT NULL DEFAULT '',
  revoked_at BIGINT NOT NULL DEFAULT 0,
  boot       TEXT NOT NULL DEFAULT '',
  version    TEXT NOT NULL DEFAULT '',
  sandbox    TEXT NOT NULL DEFAULT '',
  policy     TEXT NOT NULL DEFAULT '',
  seen_at    BIGINT NOT NULL DEFAULT 0,
  seen_until BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX runner_name ON runner (name) WHERE revoked_at = 0;

-- What lets a runner enrol, once.
CREATE TABLE runner_token (
  hash    TEXT PRIMARY KEY,
  name    TEXT NOT NULL,
  labels  TEXT NOT NULL,
  made_by TEXT NOT NULL,
  until   BIGINT NOT NULL
);

-- Nonces of signed requests, for as long as their signatures are valid.
CREATE TABLE runner_nonce (
  runner TEXT NOT NULL,
  nonce  TEXT NOT NULL,
  until  BIGINT NOT NULL,
  PRIMARY KEY (runner, nonce)
);
CREATE INDEX runner_nonce_until ON runner_nonce (until);

-- Calls of kinds that runners carry out. Order and reply are sealed.
CREATE TABLE assignment (
  id         TEXT PRIMARY KEY,
  run        TEXT NOT NULL,
  step       TEXT NOT NULL,
  action     TEXT NOT NULL,
  labels     TEXT NOT NULL,
  only_for   TEXT NOT NULL,
  state      TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'answered', 'lost', 'withdrawn')),
  task       BYTEA NOT NULL,
  reply      BYTEA,
  runner     TEXT NOT NULL DEFAULT '',
  boot       TEXT NOT NULL DEFAULT '',
  until      BIGINT NOT NULL DEFAULT 0,
  cancel_at  BIGINT NOT NULL DEFAULT 0,
  calls      BIGINT NOT NULL DEFAULT 0,
  last_reply TEXT NOT NULL DEFAULT '',
  lines      BIGINT NOT NULL DEFAULT 0,
  made_at    BIGINT NOT NULL,
  ended_at   BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX assignment_waiting ON assignment (made_at) WHERE state = 'waiting';
CREATE INDEX assignment_held ON assignment (runner) WHERE state = 'held';
CREATE INDEX assignment_run ON assignment (run, step, id) WHERE run <> '';
CREATE INDEX assignment_ended ON assignment (ended_at) WHERE ended_at > 0;

-- Which runner took a run.
ALTER TABLE run ADD COLUMN runner TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE run DROP COLUMN runner;
DROP TABLE assignment;
DROP TABLE runner_nonce;
DROP TABLE runner_token;
DROP TABLE runner;
