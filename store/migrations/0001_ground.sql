-- +goose Up
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE journal (
  id           TEXT PRIMARY KEY,
  seq          BIGINT UNIQUE,
  at           BIGINT NOT NULL,
  actor_kind   TEXT NOT NULL,
  actor        TEXT NOT NULL,
  via          TEXT NOT NULL,
  verb         TEXT NOT NULL,
  subject_kind TEXT NOT NULL,
  subject      TEXT NOT NULL,
  about_kind   TEXT NOT NULL,
  about        TEXT NOT NULL,
  facts        TEXT NOT NULL,
  text_hash    TEXT NOT NULL,
  hash         TEXT NOT NULL DEFAULT ''
);
CREATE INDEX journal_subject ON journal (subject_kind, subject, at);
CREATE INDEX journal_about ON journal (about_kind, about, at) WHERE about <> '';
CREATE INDEX journal_at ON journal (at);
CREATE INDEX journal_unsealed ON journal (id) WHERE seq IS NULL;

CREATE TABLE job (
  id          TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,
  key         TEXT NOT NULL,
  args        TEXT NOT NULL,
  rank        BIGINT NOT NULL,
  due_at      BIGINT NOT NULL,
  hold        BIGINT NOT NULL,
  once        BOOLEAN NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'buried')),
  lost        BOOLEAN NOT NULL DEFAULT FALSE,
  tries       BIGINT NOT NULL DEFAULT 0,
  fence       BIGINT NOT NULL DEFAULT 0,
  owner       TEXT NOT NULL DEFAULT '',
  lease_until BIGINT NOT NULL DEFAULT 0,
  why         TEXT NOT NULL DEFAULT '',
  made_at     BIGINT NOT NULL
);
CREATE INDEX job_due ON job (rank, due_at) WHERE state = 'ready';
CREATE INDEX job_leased ON job (owner) WHERE state = 'leased';
CREATE UNIQUE INDEX job_key ON job (kind, key) WHERE state = 'ready' AND key <> '';

-- What is configured, one row an object: people, teams, services, rotations, policies, sources, actions and so on.
CREATE TABLE definition (
  kind       TEXT NOT NULL,
  id         TEXT NOT NULL,
  folder     TEXT NOT NULL,
  body       TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  retired_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, id)
);

-- +goose Down
DROP TABLE definition;
DROP TABLE job;
DROP TABLE journal;
DROP TABLE meta;
