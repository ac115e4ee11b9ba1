-- +goose Up

-- A page: what is asked for in columns, the whole of it as JSON in body.
CREATE TABLE page (
  number       COUNTED,
  id           TEXT NOT NULL UNIQUE,
  subject_kind TEXT NOT NULL,
  subject      TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'ended')),
  due_at       BIGINT NOT NULL,
  exhausted    BOOLEAN NOT NULL,
  version      BIGINT NOT NULL,
  opened_at    BIGINT NOT NULL,
  body         TEXT NOT NULL
);
CREATE INDEX page_subject ON page (subject_kind, subject, number);
CREATE INDEX page_due ON page (due_at) WHERE state <> 'ended';
CREATE INDEX page_live ON page (number) WHERE state <> 'ended';
CREATE INDEX page_exhausted ON page (number) WHERE exhausted;

-- The ledger: every try to deliver a page over one contact of one person.
CREATE TABLE attempt (
  id     TEXT PRIMARY KEY,
  page   TEXT NOT NULL,
  n      BIGINT NOT NULL,
  firing BIGINT NOT NULL,
  person TEXT NOT NULL,
  state  TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'skipped')),
  due_at BIGINT NOT NULL,
  body   TEXT NOT NULL
);
CREATE UNIQUE INDEX attempt_page ON attempt (page, n);
CREATE INDEX attempt_pending ON attempt (due_at) WHERE state IN ('waiting', 'sending');

-- Overrides that are made by hand; those in configuration are definitions.
CREATE TABLE rota_override (
  id       TEXT PRIMARY KEY,
  rotation TEXT NOT NULL,
  from_at  BIGINT NOT NULL,
  to_at    BIGINT NOT NULL,
  body     TEXT NOT NULL
);
CREATE INDEX rota_override_to ON rota_override (to_at);

-- +goose Down
DROP TABLE rota_override;
DROP TABLE attempt;
DROP TABLE page;
