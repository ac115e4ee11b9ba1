-- +goose Up

-- What a team is told in the morning about its night: one for a team and day.
CREATE TABLE handover (
  team     TEXT NOT NULL,
  day      TEXT NOT NULL,
  from_at  BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  made_at  BIGINT NOT NULL,
  body     TEXT NOT NULL,
  PRIMARY KEY (team, day)
);
CREATE INDEX handover_until ON handover (until_at);
CREATE INDEX run_started ON run (started_at) WHERE started_at > 0;

-- When the output of a run, its files and inputs were forgotten; 0 while they are there.
ALTER TABLE run ADD COLUMN forgotten_at BIGINT NOT NULL DEFAULT 0;

-- What one person took from their budget over all actions.
CREATE INDEX run_purse ON run (charged, charged_at) WHERE charged <> '';

-- +goose Down
DROP INDEX run_purse;
ALTER TABLE run DROP COLUMN forgotten_at;
DROP INDEX run_started;
DROP TABLE handover;
