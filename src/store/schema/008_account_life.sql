-- The address in account.email is the one that a user signs in with, and nobody else's. That of an
-- organization is only written to, and may be anybody's, its founder's too: it stands apart.
ALTER TABLE account ADD COLUMN contact_email TEXT NOT NULL DEFAULT ''
    CHECK (contact_email = '' OR kind = 'organization');

-- Who may make a package in an organization: its owners, those in a group that may write all its
-- packages, or everybody in any of its groups.
ALTER TABLE account ADD COLUMN package_creators TEXT NOT NULL DEFAULT 'writers'
    CHECK (package_creators IN ('owners', 'writers', 'members'));

-- Logins of accounts that were deleted: what clients still ask for under them must not become
-- somebody else's.
CREATE TABLE retired_login (
    login      TEXT NOT NULL PRIMARY KEY CHECK (login <> '' AND login = lower(login)),
    kind       TEXT NOT NULL CHECK (kind IN ('user', 'organization')),
    retired_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What others did that somebody should know of.
CREATE TABLE notification (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind <> ''),
    parameters TEXT NOT NULL CHECK (parameters <> ''), -- a JSON object of texts
    created_ms INTEGER NOT NULL,
    read_ms    INTEGER -- NULL until then
) STRICT;
CREATE INDEX notification_by_account ON notification (account_id, id);

UPDATE account SET contact_email = email, email = '', email_key = NULL WHERE kind = 'organization';
