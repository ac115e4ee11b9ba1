-- +goose Up

-- Folders of definitions that are kept as they are under git, and how that went lately.
CREATE TABLE folder (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
);

-- +goose Down
DROP TABLE folder;
