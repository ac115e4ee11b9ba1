-- +goose Up

-- What rules did about requests: once for each key, in the transaction that did it.
CREATE TABLE request_deed (
  key     TEXT PRIMARY KEY,
  request TEXT NOT NULL,
  at      BIGINT NOT NULL
);
-- Why rules did something about a subject.
CREATE INDEX rule_firing_for ON rule_firing (for_kind, for_id, at);

-- Every version of what is made on screens, so that people see what was changed, by whom, and can go back.
CREATE TABLE definition_version (
  kind    TEXT NOT NULL,
  id      TEXT NOT NULL,
  version BIGINT NOT NULL,
  folder  TEXT NOT NULL,
  body    TEXT NOT NULL,
  author  TEXT NOT NULL,
  at      BIGINT NOT NULL,
  retired BOOLEAN NOT NULL,
  PRIMARY KEY (kind, id, version)
);

-- +goose Down
DROP TABLE definition_version;
DROP INDEX rule_firing_for;
DROP TABLE request_deed;
