-- +goose Up

-- Who was paged lately, and what could not be delivered: readings of the home screen. Neither index costs anything while a page goes on.
CREATE INDEX page_opened ON page (opened_at);
CREATE INDEX attempt_failed ON attempt (due_at) WHERE state = 'failed';

-- +goose Down
DROP INDEX attempt_failed;
DROP INDEX page_opened;
