-- +goose Up
-- Who asks. A person's words and names stand here and nowhere else, so that they can be erased.
CREATE TABLE party (
  id      TEXT PRIMARY KEY,
  person  TEXT NOT NULL,
  address TEXT NOT NULL,
  name    TEXT NOT NULL
);
CREATE UNIQUE INDEX party_person ON party (person) WHERE person <> '';
CREATE UNIQUE INDEX party_address ON party (address) WHERE person = '' AND address <> '';

CREATE TABLE request (
  number        COUNTED,
  id            TEXT NOT NULL UNIQUE,
  title         TEXT NOT NULL,
  fields        TEXT NOT NULL,
  type          TEXT NOT NULL,
  team          TEXT NOT NULL,
  service       TEXT NOT NULL,
  customer      TEXT NOT NULL,
  asker         TEXT NOT NULL,
  state         TEXT NOT NULL,
  waits_for     TEXT NOT NULL,
  assignee      TEXT NOT NULL,
  of_request    TEXT NOT NULL,
  problem       TEXT NOT NULL,
  incident      TEXT NOT NULL,
  received_at   BIGINT NOT NULL,
  snoozed_until BIGINT NOT NULL,
  closed_at     BIGINT NOT NULL,
  due_at        BIGINT NOT NULL, -- far in the future when nothing is promised
  body          TEXT NOT NULL
);
CREATE INDEX request_open ON request (due_at, number) WHERE state <> 'closed';
CREATE INDEX request_closed ON request (closed_at) WHERE state = 'closed';
CREATE INDEX request_assignee ON request (assignee, number) WHERE assignee <> '';
CREATE INDEX request_asker ON request (asker, number);
CREATE INDEX request_customer ON request (customer, number) WHERE customer <> '';
CREATE INDEX request_service ON request (service, number) WHERE service <> '';
CREATE INDEX request_type ON request (type, number);
CREATE INDEX request_received ON request (received_at);
CREATE INDEX request_of ON request (of_request) WHERE of_request <> '';
CREATE INDEX request_problem ON request (problem) WHERE problem <> '';
CREATE INDEX request_incident ON request (incident) WHERE incident <> '';

-- Who follows a request, the asker among them: they may read it whatever its visibility.
CREATE TABLE request_follow (
  person  TEXT NOT NULL,
  request TEXT NOT NULL REFERENCES request (id),
  PRIMARY KEY (person, request)
);
CREATE INDEX request_follow_of ON request_follow (request);

CREATE TABLE request_message (
  id      TEXT PRIMARY KEY,
  request TEXT NOT NULL REFERENCES request (id),
  kind    TEXT NOT NULL CHECK (kind IN ('question', 'reply', 'note')),
  author  TEXT NOT NULL,
  party   TEXT NOT NULL,
  at      BIGINT NOT NULL,
  body    TEXT NOT NULL,
  cut     TEXT NOT NULL,
  salt    TEXT NOT NULL,
  channel TEXT NOT NULL,
  ref     TEXT NOT NULL
);
CREATE INDEX request_message_of ON request_message (request, at);
CREATE UNIQUE INDEX request_message_ref ON request_message (channel, ref) WHERE ref <> '';
CREATE INDEX request_message_party ON request_message (party, request) WHERE party <> '';

CREATE TABLE request_file (
  id      TEXT PRIMARY KEY,
  request TEXT NOT NULL,
  message TEXT NOT NULL REFERENCES request_message (id),
  place   BIGINT NOT NULL,
  name    TEXT NOT NULL,
  type    TEXT NOT NULL,
  size    BIGINT NOT NULL,
  hash    TEXT NOT NULL,
  body    BYTEA NOT NULL
);
CREATE INDEX request_file_of ON request_file (message, place);

-- The replies on their way, one row a recipient.
CREATE TABLE request_send (
  id       TEXT PRIMARY KEY,
  request  TEXT NOT NULL REFERENCES request (id),
  message  TEXT NOT NULL REFERENCES request_message (id),
  party    TEXT NOT NULL,
  channel  TEXT NOT NULL,
  state    TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
  tries    BIGINT NOT NULL,
  made_at  BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  receipt  TEXT NOT NULL,
  error    TEXT NOT NULL
);
CREATE INDEX request_send_of ON request_send (request, made_at);

CREATE TABLE request_draft (
  person  TEXT NOT NULL,
  request TEXT NOT NULL,
  kind    TEXT NOT NULL,
  body    TEXT NOT NULL,
  said    BIGINT NOT NULL,
  at      BIGINT NOT NULL,
  PRIMARY KEY (person, request)
);

-- How long who had which request before them: one row a sitting.
CREATE TABLE request_touch (
  id       TEXT PRIMARY KEY,
  request  TEXT NOT NULL,
  person   TEXT NOT NULL,
  begun_at BIGINT NOT NULL,
  last_at  BIGINT NOT NULL,
  seconds  BIGINT NOT NULL,
  typing   BOOLEAN NOT NULL
);
CREATE INDEX request_touch_of ON request_touch (request, person, last_at);

-- When somebody last got a request, for the round robin.
CREATE TABLE request_got (
  person  TEXT PRIMARY KEY,
  last_at BIGINT NOT NULL
);

-- What a bulk edit did, so that it can be taken back.
CREATE TABLE request_step (
  bulk    TEXT NOT NULL,
  place   COUNTED,
  request TEXT NOT NULL,
  at      BIGINT NOT NULL,
  body    TEXT NOT NULL
);
CREATE INDEX request_step_of ON request_step (bulk);

-- +goose Down
DROP TABLE request_step;
DROP TABLE request_got;
DROP TABLE request_touch;
DROP TABLE request_draft;
DROP TABLE request_send;
DROP TABLE request_file;
DROP TABLE request_message;
DROP TABLE request_follow;
DROP TABLE request;
DROP TABLE party;
