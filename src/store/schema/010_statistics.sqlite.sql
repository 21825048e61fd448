-- How often files were downloaded, by day (since 1970-01-01, UTC) and kind of client. What is known of
-- a file goes with it; its package keeps what it ever had.
CREATE TABLE download (
    file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
    day     INTEGER NOT NULL,
    client  TEXT NOT NULL CHECK (client <> ''),
    count   INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (file_id, day, client)
) STRICT, WITHOUT ROWID;
CREATE TABLE download_total (
    file_id INTEGER NOT NULL PRIMARY KEY REFERENCES file (id) ON DELETE CASCADE,
    count   INTEGER NOT NULL CHECK (count > 0)
) STRICT;
CREATE TABLE package_download (
    package_id INTEGER NOT NULL REFERENCES package (id) ON DELETE CASCADE,
    day        INTEGER NOT NULL,
    client     TEXT NOT NULL CHECK (client <> ''),
    count      INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (package_id, day, client)
) STRICT, WITHOUT ROWID;
CREATE TABLE package_download_total (
    package_id INTEGER NOT NULL PRIMARY KEY REFERENCES package (id) ON DELETE CASCADE,
    count      INTEGER NOT NULL CHECK (count > 0)
) STRICT;

CREATE TABLE favorite (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    package_id INTEGER NOT NULL REFERENCES package (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, package_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX favorite_by_package ON favorite (package_id);

-- Packages that were offered to another owner, who has not answered yet.
CREATE TABLE transfer (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    package_id INTEGER NOT NULL UNIQUE REFERENCES package (id) ON DELETE CASCADE,
    target_id  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    offerer_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- whose right it is by
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX transfer_by_target ON transfer (target_id);
CREATE INDEX transfer_by_offerer ON transfer (offerer_id);
