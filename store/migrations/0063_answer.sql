-- +goose Up
CREATE TABLE answer (
  number  COUNTED,
  id      TEXT NOT NULL UNIQUE,
  state   TEXT NOT NULL,
  owner   TEXT NOT NULL,
  request TEXT NOT NULL, -- that it was made of; empty for one that was written anew
  version BIGINT NOT NULL,
  body    TEXT NOT NULL
);
CREATE INDEX answer_request ON answer (request) WHERE request <> '';

CREATE TABLE answer_text (
  answer  TEXT NOT NULL REFERENCES answer (id),
  version BIGINT NOT NULL,
  author  TEXT NOT NULL,
  at      BIGINT NOT NULL,
  title   TEXT NOT NULL,
  body    TEXT NOT NULL,
  salt    TEXT NOT NULL,
  about   TEXT NOT NULL,
  PRIMARY KEY (answer, version)
);

-- Who says that it helped, and who that it did not: one row a person.
CREATE TABLE answer_vote (
  answer TEXT NOT NULL REFERENCES answer (id),
  person TEXT NOT NULL,
  helped BOOLEAN NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (answer, person)
);

-- What it was used for: a request that was answered with it (once is the request), or a question that was not sent (once is the person and the day).
CREATE TABLE answer_use (
  answer TEXT NOT NULL REFERENCES answer (id),
  what   TEXT NOT NULL CHECK (what IN ('reply', 'instead')),
  once   TEXT NOT NULL,
  person TEXT NOT NULL,
  at     BIGINT NOT NULL,
  PRIMARY KEY (answer, what, once)
);

-- +goose Down
DROP TABLE answer_use;
DROP TABLE answer_vote;
DROP TABLE answer_text;
DROP TABLE answer;
