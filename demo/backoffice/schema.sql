-- What Verity's back office knows. Personal data stand in people alone.
CREATE TABLE customers (id TEXT PRIMARY KEY, name TEXT NOT NULL, plan TEXT NOT NULL, trial_ends TEXT, trial_ended_before TEXT, contact TEXT NOT NULL, code TEXT NOT NULL);
CREATE TABLE people (id TEXT PRIMARY KEY, customer TEXT NOT NULL, name TEXT NOT NULL, email TEXT, born TEXT, anonymised_at TEXT);
CREATE TABLE sessions (id TEXT PRIMARY KEY, customer TEXT NOT NULL, person TEXT NOT NULL, state TEXT NOT NULL, step TEXT NOT NULL, device TEXT, changed_at TEXT NOT NULL, resets INTEGER NOT NULL DEFAULT 0);
CREATE TABLE verifications (id TEXT PRIMARY KEY, customer TEXT NOT NULL, person TEXT, country TEXT NOT NULL, document TEXT NOT NULL, state TEXT NOT NULL, because TEXT NOT NULL DEFAULT '', decided_at TEXT, tries INTEGER NOT NULL DEFAULT 1, body TEXT NOT NULL);
CREATE TABLE accounts (id TEXT PRIMARY KEY, customer TEXT NOT NULL, email TEXT NOT NULL, failed_sign_ins INTEGER NOT NULL DEFAULT 0, locked_at TEXT);
CREATE TABLE deliveries (id TEXT PRIMARY KEY, customer TEXT NOT NULL, verification TEXT NOT NULL, event TEXT NOT NULL, state TEXT NOT NULL, answer TEXT NOT NULL, tries INTEGER NOT NULL, changed_at TEXT NOT NULL);
CREATE TABLE keys (id TEXT PRIMARY KEY, customer TEXT NOT NULL, hash TEXT NOT NULL, last_four TEXT NOT NULL, made_at TEXT NOT NULL, ends_at TEXT, sent INTEGER NOT NULL DEFAULT 0);
CREATE INDEX verifications_of ON verifications (customer, state);
