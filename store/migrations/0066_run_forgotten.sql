-- +goose Up

-- Runs whose output is still there, by what they ran: where to look for what is old. A plan that nobody started has no end.
CREATE INDEX run_remembered ON run (action, number) WHERE forgotten_at = 0;

-- +goose Down
DROP INDEX run_remembered;
