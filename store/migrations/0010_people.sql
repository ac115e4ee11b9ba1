-- +goose Up
CREATE TABLE password (
  person     TEXT PRIMARY KEY,
  hash       TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);

CREATE TABLE session (
  id       TEXT PRIMARY KEY,
  hash     TEXT NOT NULL UNIQUE,
  person   TEXT NOT NULL,
  address  TEXT NOT NULL,
  made_at  BIGINT NOT NULL,
  seen_at  BIGINT NOT NULL,
  until_at BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person);

CREATE TABLE token (
  id       TEXT PRIMARY KEY,
  hash     TEXT NOT NULL UNIQUE,
  person   TEXT NOT NULL,
  name     TEXT NOT NULL,
  hint     TEXT NOT NULL,
  role     TEXT NOT NULL,
  made_at  BIGINT NOT NULL,
  used_at  BIGINT NOT NULL,
  until_at BIGINT NOT NULL
);
CREATE INDEX token_person ON token (person);

-- One-time links: the set-up link, whose person is empty, and invitations.
CREATE TABLE link (
  purpose  TEXT NOT NULL,
  person   TEXT NOT NULL,
  hash     TEXT NOT NULL UNIQUE,
  until_at BIGINT NOT NULL,
  PRIMARY KEY (purpose, person)
);

-- Failed attempts to sign in, by the hash of a mail or network address.
CREATE TABLE tally (
  key      TEXT PRIMARY KEY,
  failures BIGINT NOT NULL,
  since_at BIGINT NOT NULL,
  last_at  BIGINT NOT NULL
);
CREATE INDEX tally_last ON tally (last_at);

-- +goose Down
DROP TABLE tally;
DROP TABLE link;
DROP TABLE token;
DROP TABLE session;
DROP TABLE password;
