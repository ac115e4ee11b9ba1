-- +goose Up
CREATE INDEX postmortem_number ON postmortem (number);

-- +goose Down
DROP INDEX postmortem_number;
