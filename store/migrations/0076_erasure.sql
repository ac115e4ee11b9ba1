-- +goose Up

-- When the words of a request were taken away (0: they are there), and whether somebody said that they must stay.
ALTER TABLE request ADD COLUMN erased_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE request ADD COLUMN held BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX request_words ON request (type, closed_at) WHERE state = 'closed' AND erased_at = 0;

-- Each erasure of a person: how far it is, and at its end nothing but counts.
CREATE TABLE erasure (
  number     COUNTED,
  id         TEXT NOT NULL UNIQUE,
  state      TEXT NOT NULL CHECK (state IN ('running', 'ended')),
  asked_by   TEXT NOT NULL,
  asked_at   BIGINT NOT NULL,
  ended_at   BIGINT NOT NULL DEFAULT 0,
  leaves     BOOLEAN NOT NULL,           -- somebody who is no longer of the house: the name goes too
  whom       TEXT NOT NULL,              -- empty once it has ended
  step       TEXT NOT NULL,
  place      BIGINT NOT NULL DEFAULT 0,  -- in the step
  counts     TEXT NOT NULL
);
CREATE INDEX erasure_running ON erasure (number) WHERE state = 'running';

-- +goose Down
DROP TABLE erasure;
DROP INDEX request_words;
ALTER TABLE request DROP COLUMN held;
ALTER TABLE request DROP COLUMN erased_at;
