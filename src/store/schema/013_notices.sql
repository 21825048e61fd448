-- What an account tells those who install from its channels (CEP 6). What was deleted stays a while,
-- for its writers to look up.
CREATE TABLE channel_notice (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    uuid       TEXT NOT NULL CHECK (length(uuid) = 36),
    status     TEXT NOT NULL CHECK (status IN ('draft', 'published', 'archived', 'deleted')),
    level      TEXT NOT NULL CHECK (level IN ('info', 'warning', 'critical')),
    message    TEXT NOT NULL CHECK (message <> ''),
    expires_ms INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX channel_notice_by_uuid ON channel_notice (account_id, uuid);
CREATE INDEX channel_notice_by_account ON channel_notice (account_id, id);
