-- +goose Up

-- What is kept of a watch between two looks. position is the last bucket that is decided; mark is the feed's own (readings of counters).
CREATE TABLE watch_state (
  watch    TEXT PRIMARY KEY,
  version  TEXT NOT NULL,
  position BIGINT NOT NULL,
  at       BIGINT NOT NULL,
  doc      TEXT NOT NULL,
  body     BYTEA,
  mark     BYTEA
);

-- What was counted, bucket by bucket, and what came for earlier ones after they were decided.
CREATE TABLE watch_count (
  watch  TEXT NOT NULL,
  bucket BIGINT NOT NULL,
  leaves BYTEA,
  late   BYTEA,
  PRIMARY KEY (watch, bucket)
);

CREATE TABLE watch_hour (
  watch TEXT NOT NULL,
  hour  BIGINT NOT NULL,
  body  BYTEA NOT NULL,
  PRIMARY KEY (watch, hour)
);

-- Deliveries that were taken, so that the same one again is not counted twice.
CREATE TABLE watch_taken (
  watch    TEXT NOT NULL,
  delivery TEXT NOT NULL,
  at       BIGINT NOT NULL,
  PRIMARY KEY (watch, delivery)
);
CREATE INDEX watch_taken_at ON watch_taken (at);

CREATE TABLE watch_finding (
  number    COUNTED,
  id        TEXT NOT NULL UNIQUE,
  watch     TEXT NOT NULL,
  state     TEXT NOT NULL,
  past      BOOLEAN NOT NULL,
  raised_at BIGINT NOT NULL,
  body      TEXT NOT NULL
);
CREATE INDEX watch_finding_watch ON watch_finding (watch, number);
CREATE INDEX watch_finding_open ON watch_finding (watch) WHERE state = 'open';

-- +goose Down
DROP TABLE watch_finding;
DROP TABLE watch_taken;
DROP TABLE watch_hour;
DROP TABLE watch_count;
DROP TABLE watch_state;
