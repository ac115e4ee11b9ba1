-- +goose Up

-- Calls of the messenger that were taken, by its own ids, so that none counts twice. They are forgotten after some days.
CREATE TABLE chat_call (
  id TEXT PRIMARY KEY,
  at BIGINT NOT NULL
);
CREATE INDEX chat_call_at ON chat_call (at);

-- Messages in the messenger that show something of ours. They hold no words.
CREATE TABLE chat_post (
  place   TEXT NOT NULL,
  ts      TEXT NOT NULL,
  purpose TEXT NOT NULL,
  kind    TEXT NOT NULL,
  subject TEXT NOT NULL,
  of_what TEXT NOT NULL DEFAULT '',
  at      BIGINT NOT NULL,
  PRIMARY KEY (place, ts)
);
CREATE INDEX chat_post_subject ON chat_post (kind, subject, purpose);

-- How far the journal was followed to the messenger: one row.
CREATE TABLE chat_cursor (
  name TEXT PRIMARY KEY,
  seq  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE chat_cursor;
DROP TABLE chat_post;
DROP TABLE chat_call;
