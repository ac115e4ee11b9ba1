-- +goose Up
-- What a session was begun with, in a few words: "Firefox on Windows".
ALTER TABLE session ADD COLUMN device TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE session DROP COLUMN device;
