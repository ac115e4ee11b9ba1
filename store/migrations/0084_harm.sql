-- +goose Up

-- Whom incidents hurt: what people said of it, and how it was at the resolution.
CREATE TABLE incident_harm (
  incident TEXT PRIMARY KEY REFERENCES incident (id),
  extent   TEXT NOT NULL,
  frozen   TEXT NOT NULL
);

-- +goose Down
DROP TABLE incident_harm;
