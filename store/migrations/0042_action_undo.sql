-- +goose Up

-- Which run a run takes back, and which one took it back.
ALTER TABLE run ADD COLUMN undoes TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN undone_by TEXT NOT NULL DEFAULT '';

-- Files that runs made for people to fetch.
CREATE TABLE run_file (
  id   TEXT PRIMARY KEY,
  run  TEXT NOT NULL,
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  hash TEXT NOT NULL,
  size BIGINT NOT NULL,
  body BYTEA NOT NULL,
  at   BIGINT NOT NULL
);
CREATE INDEX run_file_run ON run_file (run);

-- +goose Down
DROP TABLE run_file;
ALTER TABLE run DROP COLUMN undone_by;
ALTER TABLE run DROP COLUMN undoes;
