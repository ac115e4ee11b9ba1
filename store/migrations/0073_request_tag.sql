-- +goose Up
-- The tags of requests, beside their bodies, so that one may look for them.
CREATE TABLE request_tag (
  request TEXT NOT NULL REFERENCES request (id),
  tag     TEXT NOT NULL,
  PRIMARY KEY (tag, request)
);
CREATE INDEX request_tag_of ON request_tag (request);
-- only sqlite
INSERT INTO request_tag (request, tag) SELECT r.id, t.value FROM request r, json_each(r.body, '$.tags') t WHERE r.body LIKE '%"tags":%';
-- end
-- only postgres
INSERT INTO request_tag (request, tag) SELECT r.id, t.tag FROM request r, jsonb_array_elements_text(CAST(r.body AS JSONB) -> 'tags') AS t (tag) WHERE r.body LIKE '%"tags":%';
-- end

-- +goose Down
DROP TABLE request_tag;
