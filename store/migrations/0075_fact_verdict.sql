-- +goose Up
-- What developers found of a request that was escalated to them: empty while nobody has said. A fixed word, so it stays when a person is erased.
ALTER TABLE request_fact ADD COLUMN verdict TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE request_fact DROP COLUMN verdict;
