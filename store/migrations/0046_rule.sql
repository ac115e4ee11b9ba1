-- +goose Up

-- How far rules have followed the journal: one row.
CREATE TABLE rule_cursor (
  name TEXT PRIMARY KEY,
  seq  BIGINT NOT NULL
);

-- Each time that a rule had its action run: once for a rule and what it fired for.
CREATE TABLE rule_firing (
  id       TEXT PRIMARY KEY,
  rule     TEXT NOT NULL,
  key      TEXT NOT NULL,
  for_kind TEXT NOT NULL,
  for_id   TEXT NOT NULL,
  why      TEXT NOT NULL,
  action   TEXT NOT NULL,
  inputs   TEXT NOT NULL,
  at       BIGINT NOT NULL,
  run      TEXT NOT NULL DEFAULT '',
  outcome  TEXT NOT NULL DEFAULT '',
  say      TEXT NOT NULL DEFAULT '',
  UNIQUE (rule, key)
);
CREATE INDEX rule_firing_at ON rule_firing (at);

-- +goose Down
DROP TABLE rule_firing;
DROP TABLE rule_cursor;
