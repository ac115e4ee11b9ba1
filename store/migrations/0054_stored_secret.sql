-- +goose Up

-- Secrets that the server keeps for actions of a team, sealed under the installation's key and each under its own name.
CREATE TABLE stored_secret (
  name   TEXT PRIMARY KEY,
  team   TEXT NOT NULL,
  sealed TEXT NOT NULL,
  set_by TEXT NOT NULL,
  set_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE stored_secret;
