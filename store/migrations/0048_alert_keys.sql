-- +goose Up
-- A batch looks for many keys of one source. With the key first, each is one step into the index, whatever the database guesses about a table
-- that has just begun to fill.
DROP INDEX alert_open;
CREATE UNIQUE INDEX alert_open ON alert (key, source) WHERE state = 'open';
DROP INDEX alert_group_live;
CREATE UNIQUE INDEX alert_group_live ON alert_group (key, source) WHERE state <> 'resolved';

-- +goose Down
DROP INDEX alert_open;
CREATE UNIQUE INDEX alert_open ON alert (source, key) WHERE state = 'open';
DROP INDEX alert_group_live;
CREATE UNIQUE INDEX alert_group_live ON alert_group (source, key) WHERE state <> 'resolved';
