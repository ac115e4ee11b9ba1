-- +goose Up

-- What a run saved, counted at its end, and what asked for it. Runs that ended before this count nothing.
ALTER TABLE run ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN counts BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE run ADD COLUMN by_hand BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN own BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN saved BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN customer TEXT NOT NULL DEFAULT '';
CREATE INDEX run_counts ON run (ended_at) WHERE counts;

-- +goose Down
DROP INDEX run_counts;
ALTER TABLE run DROP COLUMN customer;
ALTER TABLE run DROP COLUMN saved;
ALTER TABLE run DROP COLUMN own;
ALTER TABLE run DROP COLUMN by_hand;
ALTER TABLE run DROP COLUMN counts;
ALTER TABLE run DROP COLUMN origin;
