-- +goose Up

-- Who stopped a rule for a while, and why. A rule without a row goes on.
CREATE TABLE rule_pause (
  rule      TEXT PRIMARY KEY,
  paused_by TEXT NOT NULL,
  reason    TEXT NOT NULL,
  salt      TEXT NOT NULL,
  at        BIGINT NOT NULL
);
-- What a rule did last, and how often: a rule's firings, newest first.
CREATE INDEX rule_firing_rule ON rule_firing (rule, at);

-- +goose Down
DROP INDEX rule_firing_rule;
DROP TABLE rule_pause;
