-- +goose Up
-- Groups of requests that nobody could name, as the last night found them.
CREATE TABLE proposal (
  number BIGINT PRIMARY KEY,
  state  TEXT NOT NULL CHECK (state IN ('proposed', 'promoted', 'dismissed')),
  reason TEXT NOT NULL,
  body   TEXT NOT NULL
);

-- What sets a proposal apart, in askers' words: deleted as soon as a text that it was made of is erased, and made anew from the others.
CREATE TABLE proposal_word (
  proposal  BIGINT NOT NULL,
  place     BIGINT NOT NULL,
  word      TEXT NOT NULL,
  inside    BIGINT NOT NULL, -- of a million texts
  elsewhere BIGINT NOT NULL,
  PRIMARY KEY (proposal, place)
);

CREATE TABLE proposal_member (
  request  TEXT PRIMARY KEY,
  proposal BIGINT NOT NULL,
  place    BIGINT NOT NULL, -- the most typical first
  print    TEXT NOT NULL    -- of the text as it was grouped
);
CREATE INDEX proposal_member_of ON proposal_member (proposal, place);

CREATE TABLE proposal_night (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL
);

-- The pile that is grouped, and what a demand is guessed for.
CREATE INDEX request_fact_unnamed ON request_fact (received_at) WHERE codes = '' OR codes = 'none';

-- +goose Down
DROP INDEX request_fact_unnamed;
DROP TABLE proposal_night;
DROP TABLE proposal_member;
DROP TABLE proposal_word;
DROP TABLE proposal;
