-- +goose Up
CREATE TABLE incident (
  number      COUNTED,
  id          TEXT NOT NULL UNIQUE,
  title       TEXT NOT NULL,
  severity    TEXT NOT NULL,
  state       TEXT NOT NULL,
  opened_at   BIGINT NOT NULL,
  resolved_at BIGINT NOT NULL,
  body        TEXT NOT NULL
);
CREATE INDEX incident_open ON incident (number) WHERE state <> 'resolved';

-- Which alert groups are worked on where. A group is active in one incident at most.
CREATE TABLE incident_group (
  incident    TEXT NOT NULL REFERENCES incident (id),
  alert_group TEXT NOT NULL,
  active      BOOLEAN NOT NULL,
  PRIMARY KEY (incident, alert_group)
);
CREATE UNIQUE INDEX incident_group_active ON incident_group (alert_group) WHERE active;
CREATE INDEX incident_group_of ON incident_group (alert_group);

CREATE TABLE incident_note (
  id       TEXT PRIMARY KEY,
  incident TEXT NOT NULL REFERENCES incident (id),
  kind     TEXT NOT NULL,
  author   TEXT NOT NULL,
  at       BIGINT NOT NULL,
  body     TEXT NOT NULL,
  salt     TEXT NOT NULL
);
CREATE INDEX incident_note_of ON incident_note (incident, at);

CREATE TABLE incident_update (
  id         TEXT PRIMARY KEY,
  incident   TEXT NOT NULL REFERENCES incident (id),
  audience   TEXT NOT NULL,
  n          BIGINT NOT NULL,
  state      TEXT NOT NULL,
  author     TEXT NOT NULL,
  at         BIGINT NOT NULL,
  body       TEXT NOT NULL,
  salt       TEXT NOT NULL,
  components TEXT NOT NULL,
  next_by    BIGINT NOT NULL,
  kept       BIGINT NOT NULL,
  UNIQUE (incident, audience, n)
);

-- The stakeholders' mails, one row a recipient.
CREATE TABLE incident_notice (
  id       TEXT PRIMARY KEY,
  incident TEXT NOT NULL REFERENCES incident (id),
  about    TEXT NOT NULL,
  n        BIGINT NOT NULL,
  round    BIGINT NOT NULL,
  person   TEXT NOT NULL,
  state    TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
  tries    BIGINT NOT NULL,
  made_at  BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  receipt  TEXT NOT NULL,
  error    TEXT NOT NULL
);
CREATE INDEX incident_notice_of ON incident_notice (incident, made_at);

CREATE TABLE postmortem (
  incident     TEXT PRIMARY KEY REFERENCES incident (id),
  number       BIGINT NOT NULL,
  title        TEXT NOT NULL,
  severity     TEXT NOT NULL,
  state        TEXT NOT NULL,
  version      BIGINT NOT NULL,
  made_at      BIGINT NOT NULL,
  published_by TEXT NOT NULL,
  published_at BIGINT NOT NULL,
  by_hand      BOOLEAN NOT NULL
);

-- Every version of the text.
CREATE TABLE postmortem_text (
  incident TEXT NOT NULL REFERENCES incident (id),
  version  BIGINT NOT NULL,
  author   TEXT NOT NULL,
  at       BIGINT NOT NULL,
  body     TEXT NOT NULL,
  salt     TEXT NOT NULL,
  PRIMARY KEY (incident, version)
);

CREATE TABLE follow_up (
  id       TEXT PRIMARY KEY,
  incident TEXT NOT NULL REFERENCES incident (id),
  owner    TEXT NOT NULL,
  due      TEXT NOT NULL,
  made_by  TEXT NOT NULL,
  made_at  BIGINT NOT NULL,
  done_by  TEXT NOT NULL,
  done_at  BIGINT NOT NULL,
  version  BIGINT NOT NULL,
  body     TEXT NOT NULL,
  salt     TEXT NOT NULL
);
CREATE INDEX follow_up_of ON follow_up (incident);
CREATE INDEX follow_up_open ON follow_up (owner, due) WHERE done_at = 0;

-- What customers may see. The status page reads these four tables and no other, and their ids say nothing of the inside.
CREATE TABLE published_page (
  id         TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  url        TEXT NOT NULL,
  zone       TEXT NOT NULL,
  version    BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

CREATE TABLE published_component (
  id          TEXT PRIMARY KEY,
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  heading     TEXT NOT NULL,
  position    BIGINT NOT NULL,
  status      TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  retired     BOOLEAN NOT NULL
);

CREATE TABLE published_incident (
  id            TEXT PRIMARY KEY,
  name          TEXT NOT NULL,
  state         TEXT NOT NULL,
  impact        TEXT NOT NULL,
  components    TEXT NOT NULL,
  next_at       BIGINT NOT NULL,
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL,
  monitoring_at BIGINT NOT NULL,
  resolved_at   BIGINT NOT NULL
);
CREATE INDEX published_incident_resolved ON published_incident (resolved_at);

CREATE TABLE published_update (
  id       TEXT PRIMARY KEY,
  incident TEXT NOT NULL REFERENCES published_incident (id),
  n        BIGINT NOT NULL,
  state    TEXT NOT NULL,
  body     TEXT NOT NULL,
  at       BIGINT NOT NULL,
  affected TEXT NOT NULL,
  UNIQUE (incident, n)
);

-- +goose Down
DROP TABLE published_update;
DROP TABLE published_incident;
DROP TABLE published_component;
DROP TABLE published_page;
DROP TABLE follow_up;
DROP TABLE postmortem_text;
DROP TABLE postmortem;
DROP TABLE incident_notice;
DROP TABLE incident_update;
DROP TABLE incident_note;
DROP TABLE incident_group;
DROP TABLE incident;
