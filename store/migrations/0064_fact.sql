-- +goose Up
-- What is counted of each request: references, numbers and fixed words. No text, no name, no address: whatever is erased elsewhere, the counts stay.
CREATE TABLE request_fact (
  request        TEXT PRIMARY KEY,
  number         BIGINT NOT NULL,
  type           TEXT NOT NULL,
  team           TEXT NOT NULL,
  service        TEXT NOT NULL,
  customer       TEXT NOT NULL,
  asker          TEXT NOT NULL,
  of_request     TEXT NOT NULL,
  outcome        TEXT NOT NULL,
  size           TEXT NOT NULL,
  received_at    BIGINT NOT NULL,
  replied_at     BIGINT NOT NULL,
  closed_at      BIGINT NOT NULL,
  touch          BIGINT NOT NULL, -- seconds that people had it before them
  developers     BOOLEAN NOT NULL, -- it waited for them once
  met            BIGINT NOT NULL, -- rounds of its service level's goals that have ended
  missed         BIGINT NOT NULL,
  due_first      BIGINT NOT NULL, -- of the rounds that have not; 0: there is none, far in the future: the clock stands still
  due_next       BIGINT NOT NULL,
  due_resolution BIGINT NOT NULL,
  codes          TEXT NOT NULL, -- "DEMAND:SHARE DEMAND:SHARE" as coded then, "none", or nothing
  guess          TEXT NOT NULL  -- the demand that is likeliest while nobody has said; never counted
);
CREATE INDEX request_fact_received ON request_fact (received_at);

-- +goose Down
DROP TABLE request_fact;
