-- +goose Up
-- What developers were asked. The words of an issue stand here until it is in the tracker.
CREATE TABLE escalation (
  number  COUNTED,
  id      TEXT NOT NULL UNIQUE,
  tracker TEXT NOT NULL,
  issue   TEXT NOT NULL, -- its key in the tracker; empty until it is there
  state   TEXT NOT NULL,
  closed_at BIGINT NOT NULL,
  untold  BIGINT NOT NULL,
  title   TEXT NOT NULL,
  words   TEXT NOT NULL,
  body    TEXT NOT NULL
);
CREATE INDEX escalation_issue ON escalation (tracker, issue);
CREATE INDEX escalation_loose ON escalation (number) WHERE state = 'closed' AND untold > 0;

CREATE TABLE escalation_request (
  escalation TEXT NOT NULL REFERENCES escalation (id),
  request    TEXT NOT NULL REFERENCES request (id),
  at         BIGINT NOT NULL,
  reason     TEXT NOT NULL, -- why its asker was not told, in somebody's words
  body       TEXT NOT NULL,
  PRIMARY KEY (escalation, request)
);
CREATE INDEX escalation_request_of ON escalation_request (request);

-- What developers said, once for each comment of theirs.
CREATE TABLE escalation_said (
  place      COUNTED,
  escalation TEXT NOT NULL REFERENCES escalation (id),
  ref        TEXT NOT NULL,
  author     TEXT NOT NULL,
  at         BIGINT NOT NULL,
  words      TEXT NOT NULL,
  salt       TEXT NOT NULL,
  UNIQUE (escalation, ref)
);

-- What we say: comments on their way into the tracker. The words go when it has them.
CREATE TABLE escalation_out (
  id         TEXT PRIMARY KEY,
  escalation TEXT NOT NULL REFERENCES escalation (id),
  state      TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
  at         BIGINT NOT NULL,
  ref        TEXT NOT NULL,
  words      TEXT NOT NULL,
  body       TEXT NOT NULL
);
CREATE INDEX escalation_out_of ON escalation_out (escalation, at);

-- Calls of trackers, so that one that comes twice is known.
CREATE TABLE tracker_heard (
  tracker  TEXT NOT NULL,
  delivery TEXT NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (tracker, delivery)
);
CREATE INDEX tracker_heard_at ON tracker_heard (at);

CREATE TABLE tracker_state (
  tracker TEXT PRIMARY KEY,
  body    TEXT NOT NULL
);

-- +goose Down
DROP TABLE tracker_state;
DROP TABLE tracker_heard;
DROP TABLE escalation_out;
DROP TABLE escalation_said;
DROP TABLE escalation_request;
DROP TABLE escalation;
