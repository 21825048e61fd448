-- What an access token is limited to beside its scopes, and what became of it.
ALTER TABLE token ADD COLUMN limits TEXT NOT NULL DEFAULT '';         -- see core/limit.h; '': none
ALTER TABLE token ADD COLUMN last_used_ms INTEGER;                    -- NULL: never
ALTER TABLE token ADD COLUMN last_used_from TEXT NOT NULL DEFAULT ''; -- address
ALTER TABLE token ADD COLUMN last_used_by TEXT NOT NULL DEFAULT '';   -- kind of client
ALTER TABLE token ADD COLUMN warned_ms INTEGER;  -- NULL: its owner was not told yet that it will end
ALTER TABLE token ADD COLUMN refused_ms INTEGER; -- when its use after its end was last recorded
CREATE INDEX token_by_expiry ON token (expires_ms) WHERE warned_ms IS NULL;

-- Tokens that were revoked, for as long as somebody may still come with them: they open nothing, and
-- whose they were can be told. Their numbers are those that they had.
CREATE TABLE revoked_token (
    id         INTEGER PRIMARY KEY,
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name       TEXT NOT NULL CHECK (name <> ''),
    revoked_ms INTEGER NOT NULL,
    refused_ms INTEGER -- as in token
) STRICT;
CREATE INDEX revoked_token_by_account ON revoked_token (account_id);
CREATE INDEX revoked_token_by_time ON revoked_token (revoked_ms);

-- Mail that is to be sent.
CREATE TABLE mail_outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    recipient  TEXT NOT NULL CHECK (recipient <> ''), -- address
    kind       TEXT NOT NULL CHECK (kind <> ''),      -- what it is about: which text it gets
    params     TEXT NOT NULL CHECK (params <> ''),    -- what the text tells of, as a JSON object
    created_ms INTEGER NOT NULL,
    sent_ms    INTEGER -- NULL: not yet
) STRICT;
CREATE INDEX mail_outbox_by_creation ON mail_outbox (created_ms) WHERE sent_ms IS NULL;
