-- +goose Up

-- Which step of which flow a run carries out: at most one run for each, however often the flow is taken up after a crash.
ALTER TABLE run ADD COLUMN in_flow TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN in_step TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN in_try BIGINT NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX run_place ON run (in_flow, in_step, in_try) WHERE in_flow <> '';

-- How far the steps of a flow are; empty for every other run. And whether it waits for somebody's answer.
ALTER TABLE run ADD COLUMN course TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN asks BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX run_asks ON run (number) WHERE asks;

-- +goose Down
DROP INDEX run_asks;
ALTER TABLE run DROP COLUMN asks;
ALTER TABLE run DROP COLUMN course;
DROP INDEX run_place;
ALTER TABLE run DROP COLUMN in_try;
ALTER TABLE run DROP COLUMN in_step;
ALTER TABLE run DROP COLUMN in_flow;
