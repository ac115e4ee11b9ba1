-- +goose Up

-- Whether a run takes from its starter's budget over all actions: it changes something, and is no flow, whose steps take theirs.
ALTER TABLE run ADD COLUMN spends BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX run_purse;
CREATE INDEX run_spends ON run (charged, charged_at) WHERE spends;

-- +goose Down
DROP INDEX run_spends;
CREATE INDEX run_purse ON run (charged, charged_at) WHERE charged <> '';
ALTER TABLE run DROP COLUMN spends;
