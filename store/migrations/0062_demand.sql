-- +goose Up
CREATE TABLE demand (
  number   COUNTED,
  id       TEXT NOT NULL UNIQUE,
  title    TEXT NOT NULL,
  ended_at BIGINT NOT NULL,
  body     TEXT NOT NULL
);

-- What requests were about, as somebody confirmed: one row a request and demand; demand is empty for "none of these".
CREATE TABLE request_code (
  request TEXT NOT NULL REFERENCES request (id),
  demand  TEXT NOT NULL,
  share   BIGINT NOT NULL,
  author  TEXT NOT NULL,
  at      BIGINT NOT NULL,
  PRIMARY KEY (request, demand)
);
CREATE INDEX request_code_demand ON request_code (demand, at);

-- +goose Down
DROP TABLE request_code;
DROP TABLE demand;
