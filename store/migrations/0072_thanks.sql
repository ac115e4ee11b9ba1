-- +goose Up
-- Who said thank you and when, about what. It holds ids and times alone; a thanks that was taken back in time (void) is counted nowhere.
CREATE TABLE thanks (
  number     COUNTED,
  id         TEXT NOT NULL UNIQUE,
  giver      TEXT NOT NULL,
  about_kind TEXT NOT NULL, -- request or incident; empty for neither
  about_id   TEXT NOT NULL,
  ref        TEXT NOT NULL, -- the channel's own id of what gave it
  at         BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  taken_at   BIGINT NOT NULL, -- off the wall; 0 while it hangs there
  void       BOOLEAN NOT NULL
);
CREATE INDEX thanks_giver ON thanks (giver, at);
CREATE INDEX thanks_about ON thanks (about_id) WHERE about_id <> '';
CREATE UNIQUE INDEX thanks_ref ON thanks (ref) WHERE ref <> '';

CREATE TABLE thanks_to (
  thanks TEXT NOT NULL REFERENCES thanks (id),
  place  BIGINT NOT NULL,
  kind   TEXT NOT NULL CHECK (kind IN ('person', 'team', 'action')),
  target TEXT NOT NULL,
  PRIMARY KEY (thanks, place)
);
CREATE INDEX thanks_to_target ON thanks_to (target, kind);

-- The reasons. Erasing deletes rows here and changes no count.
CREATE TABLE thanks_text (
  thanks TEXT PRIMARY KEY REFERENCES thanks (id),
  body   TEXT NOT NULL,
  salt   TEXT NOT NULL
);

-- Which mails a person wants, once they said so.
CREATE TABLE thanks_wish (
  person TEXT PRIMARY KEY,
  told   BOOLEAN NOT NULL,
  digest BOOLEAN NOT NULL
);

CREATE TABLE thanks_digest (
  month TEXT PRIMARY KEY,
  at    BIGINT NOT NULL
);

-- +goose Down
DROP TABLE thanks_digest;
DROP TABLE thanks_wish;
DROP TABLE thanks_text;
DROP TABLE thanks_to;
DROP TABLE thanks;
