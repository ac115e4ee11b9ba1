-- +goose Up

-- Files that people gave for inputs. One of size -1 has not arrived whole.
CREATE TABLE upload (
  id     TEXT PRIMARY KEY,
  action TEXT NOT NULL,
  input  TEXT NOT NULL,
  owner  TEXT NOT NULL,
  name   TEXT NOT NULL,
  type   TEXT NOT NULL,
  hash   TEXT NOT NULL DEFAULT '',
  size   BIGINT NOT NULL DEFAULT -1,
  kept   BOOLEAN NOT NULL DEFAULT FALSE, -- a run was planned with it
  until  BIGINT NOT NULL
);
CREATE INDEX upload_until ON upload (until);
CREATE INDEX upload_owner ON upload (owner) WHERE NOT kept;

CREATE TABLE upload_part (
  upload TEXT NOT NULL,
  number BIGINT NOT NULL,
  body   BYTEA NOT NULL,
  PRIMARY KEY (upload, number)
);

-- How often somebody was offered what an action returned, by the hour (since 1970).
CREATE TABLE action_look (
  action TEXT NOT NULL,
  actor  TEXT NOT NULL,
  hour   BIGINT NOT NULL,
  looks  BIGINT NOT NULL,
  PRIMARY KEY (action, actor, hour)
);

-- +goose Down
DROP TABLE action_look;
DROP TABLE upload_part;
DROP TABLE upload;
