-- +goose Up
-- only postgres
-- Each document now holds the part of all numbers that it is in (newestOfParts): the index is filled anew, while it is searched.
DELETE FROM finding_cursor WHERE name = 'finding';
-- end
SELECT 1;

-- +goose Down
SELECT 1;
