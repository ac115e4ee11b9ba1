-- +goose Up

-- When a person last typed their password in the session.
ALTER TABLE session ADD COLUMN confirmed_at BIGINT NOT NULL DEFAULT 0;

-- Runs wait for others, and end by their no or in vain. A column's own CHECK goes with it; nothing else can change it on both databases.
DROP INDEX run_running;
DROP INDEX run_sealed;
DROP INDEX run_state;
ALTER TABLE run ADD COLUMN stage TEXT NOT NULL DEFAULT 'planned'
  CHECK (stage IN ('planned', 'waiting', 'running', 'succeeded', 'failed', 'cancelled', 'refused', 'expired', 'unknown'));
UPDATE run SET stage = state;
ALTER TABLE run DROP COLUMN state;
ALTER TABLE run RENAME COLUMN stage TO state;
CREATE INDEX run_running ON run (lane) WHERE state = 'running';
CREATE INDEX run_sealed ON run (state, planned_at) WHERE sealed IS NOT NULL;
CREATE INDEX run_state ON run (state, number);

-- What others said, and that a run was started without them.
ALTER TABLE run ADD COLUMN consent TEXT NOT NULL DEFAULT '{}';
ALTER TABLE run ADD COLUMN glass TEXT NOT NULL DEFAULT '{}';
ALTER TABLE run ADD COLUMN glass_by TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN review_open BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX run_review ON run (number) WHERE review_open;

-- What a run takes from a budget, and from whose.
ALTER TABLE run ADD COLUMN cost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN charged TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN charged_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX run_charged ON run (action, charged, charged_at) WHERE charged <> '';

-- +goose Down
DROP INDEX run_charged;
DROP INDEX run_review;
ALTER TABLE run DROP COLUMN charged_at;
ALTER TABLE run DROP COLUMN charged;
ALTER TABLE run DROP COLUMN cost;
ALTER TABLE run DROP COLUMN review_open;
ALTER TABLE run DROP COLUMN glass_by;
ALTER TABLE run DROP COLUMN glass;
ALTER TABLE run DROP COLUMN consent;
DROP INDEX run_running;
DROP INDEX run_sealed;
DROP INDEX run_state;
ALTER TABLE run ADD COLUMN stage TEXT NOT NULL DEFAULT 'planned'
  CHECK (stage IN ('planned', 'running', 'succeeded', 'failed', 'cancelled', 'unknown'));
UPDATE run SET stage = CASE state WHEN 'waiting' THEN 'planned' WHEN 'refused' THEN 'cancelled' WHEN 'expired' THEN 'cancelled' ELSE state END;
ALTER TABLE run DROP COLUMN state;
ALTER TABLE run RENAME COLUMN stage TO state;
CREATE INDEX run_running ON run (lane) WHERE state = 'running';
CREATE INDEX run_sealed ON run (state, planned_at) WHERE sealed IS NOT NULL;
CREATE INDEX run_state ON run (state, number);
ALTER TABLE session DROP COLUMN confirmed_at;
