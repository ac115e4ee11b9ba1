-- +goose Up
CREATE TABLE signal_body (
  id     TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  at     BIGINT NOT NULL,
  body   BYTEA NOT NULL
);
CREATE INDEX signal_body_at ON signal_body (at);

CREATE TABLE alert_group (
  number      COUNTED,
  id          TEXT NOT NULL UNIQUE,
  source      TEXT NOT NULL,
  key         TEXT NOT NULL,
  service     TEXT NOT NULL,
  team        TEXT NOT NULL,
  policy      TEXT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
  severity    TEXT NOT NULL,
  title       TEXT NOT NULL,
  open        BIGINT NOT NULL,
  total       BIGINT NOT NULL,
  paged       BOOLEAN NOT NULL,
  opened_at   BIGINT NOT NULL,
  began_at    BIGINT NOT NULL,
  acked_at    BIGINT NOT NULL,
  acked_by    TEXT NOT NULL,
  resolved_at BIGINT NOT NULL,
  left_out    BIGINT NOT NULL
);
CREATE UNIQUE INDEX alert_group_live ON alert_group (source, key) WHERE state <> 'resolved';
CREATE INDEX alert_group_state ON alert_group (state, opened_at) WHERE state <> 'resolved';
CREATE INDEX alert_group_opened ON alert_group (opened_at);
CREATE INDEX alert_group_service ON alert_group (service, opened_at);

CREATE TABLE alert (
  number      COUNTED,
  id          TEXT NOT NULL UNIQUE,
  grp         TEXT NOT NULL,
  source      TEXT NOT NULL,
  key         TEXT NOT NULL,
  episode     BIGINT NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('open', 'resolved')),
  severity    TEXT NOT NULL,
  title       TEXT NOT NULL,
  detail      TEXT NOT NULL,
  count       BIGINT NOT NULL,
  opened_at   BIGINT NOT NULL,
  last_at     BIGINT NOT NULL,
  resolved_at BIGINT NOT NULL,
  body        TEXT NOT NULL
);
CREATE UNIQUE INDEX alert_open ON alert (source, key) WHERE state = 'open';
CREATE INDEX alert_of_group ON alert (grp);

-- +goose Down
DROP TABLE alert;
DROP TABLE alert_group;
DROP TABLE signal_body;
