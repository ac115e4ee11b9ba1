-- +goose Up

-- What the neighbour of an action said last that it allows: one for an action.
CREATE TABLE allowance (
  action    TEXT PRIMARY KEY,
  version   TEXT NOT NULL,
  looked_at BIGINT NOT NULL,
  looked_by TEXT NOT NULL,
  said      TEXT NOT NULL,
  fault     TEXT NOT NULL
);

-- +goose Down
DROP TABLE allowance;
