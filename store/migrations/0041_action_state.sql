-- +goose Up

-- Runs that wait for somebody: planned and not started, or unknown. The home screen asks for them.
CREATE INDEX run_state ON run (state, number);

-- +goose Down
DROP INDEX run_state;
