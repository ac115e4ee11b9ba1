-- +goose Up
-- Every version of an action that was ever planned, so that an old run says what it was a run of.
CREATE TABLE action_version (
  action   TEXT NOT NULL,
  version  TEXT NOT NULL,
  body     TEXT NOT NULL,
  first_at BIGINT NOT NULL,
  PRIMARY KEY (action, version)
);

CREATE TABLE run (
  number       COUNTED,
  id           TEXT NOT NULL UNIQUE,
  action       TEXT NOT NULL,
  version      TEXT NOT NULL,
  inputs       TEXT NOT NULL,
  sealed       BYTEA,
  reason       TEXT NOT NULL,
  salt         TEXT NOT NULL,
  for_kind     TEXT NOT NULL,
  for_id       TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('planned', 'running', 'succeeded', 'failed', 'cancelled', 'unknown')),
  lane         TEXT NOT NULL,
  plan         TEXT NOT NULL,
  plan_hash    TEXT NOT NULL,
  result       TEXT NOT NULL DEFAULT '{}',
  progress     TEXT NOT NULL DEFAULT '{}',
  steps        BIGINT NOT NULL DEFAULT 0,
  lines        BIGINT NOT NULL DEFAULT 0,
  start_key    TEXT NOT NULL DEFAULT '',
  holder       TEXT NOT NULL DEFAULT '',
  planned_by   TEXT NOT NULL,
  started_by   TEXT NOT NULL DEFAULT '{}',
  cancelled_by TEXT NOT NULL DEFAULT '{}',
  planned_at   BIGINT NOT NULL,
  started_at   BIGINT NOT NULL DEFAULT 0,
  begun_at     BIGINT NOT NULL DEFAULT 0,
  cancel_at    BIGINT NOT NULL DEFAULT 0,
  ended_at     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX run_for ON run (for_kind, for_id, number) WHERE for_id <> '';
CREATE INDEX run_action ON run (action, number);
CREATE INDEX run_running ON run (lane) WHERE state = 'running';
CREATE INDEX run_ended ON run (ended_at) WHERE ended_at > 0;
CREATE INDEX run_sealed ON run (state, planned_at) WHERE sealed IS NOT NULL;

CREATE TABLE run_step (
  run     TEXT NOT NULL,
  number  BIGINT NOT NULL,
  name    TEXT NOT NULL,
  payload BYTEA,
  at      BIGINT NOT NULL,
  PRIMARY KEY (run, number)
);

-- Output is written in batches of lines; last is the number of a batch's last line.
CREATE TABLE run_output (
  run   TEXT NOT NULL,
  last  BIGINT NOT NULL,
  first BIGINT NOT NULL,
  body  TEXT NOT NULL,
  PRIMARY KEY (run, last)
);

-- What actions took out of neighbours and keep, so that it can be looked at and put back.
CREATE TABLE quarantine (
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
CREATE INDEX quarantine_run ON quarantine (run);
CREATE INDEX quarantine_at ON quarantine (captured_at);

-- +goose Down
DROP TABLE quarantine;
DROP TABLE run_output;
DROP TABLE run_step;
DROP TABLE run;
DROP TABLE action_version;
