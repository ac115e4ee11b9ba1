-- +goose Up
-- What is searched: the words of requests and incidents as package search compares them. It follows the journal and can be made anew at any
-- time; doc is a request's number, and of an incident -4·number, so that each kind can be walked from its newest.
CREATE TABLE finding (
  doc   BIGINT PRIMARY KEY,
  -- only postgres
  terms TSVECTOR NOT NULL, -- weight A: words that whoever sees it may read; D: of notes; without a place: what it is about, such as customer:nordpank
  -- end
  hash  TEXT NOT NULL -- of the words: what did not change is not written again
);
-- only postgres
CREATE INDEX finding_terms ON finding USING GIN (terms) WITH (fastupdate = off);
-- end
-- only sqlite
CREATE VIRTUAL TABLE finding_text USING fts5 (terms, notes, marks, tokenize = "ascii tokenchars ':-_.@/'");
-- A word that is taken out leaves no trace in the index.
INSERT INTO finding_text (finding_text, rank) VALUES ('secure-delete', 1);
-- end

-- How far the index has followed: the last sealed entry, and, while it is being filled, which kind and how far.
CREATE TABLE finding_cursor (
  name    TEXT PRIMARY KEY,
  seq     BIGINT NOT NULL,
  filling TEXT NOT NULL,
  filled  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE finding_cursor;
-- only sqlite
DROP TABLE finding_text;
-- end
DROP TABLE finding;
