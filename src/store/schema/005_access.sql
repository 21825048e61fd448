-- Who may see a package: everybody, whoever is signed in, or those who were let in.
ALTER TABLE package ADD COLUMN access TEXT NOT NULL DEFAULT 'public'
    CHECK (access IN ('public', 'authenticated', 'private'));
CREATE INDEX package_by_access ON package (account_id, access);

-- What a package of the account is when nobody says it; '': what the server's settings say.
ALTER TABLE account ADD COLUMN default_access TEXT NOT NULL DEFAULT ''
    CHECK (default_access IN ('', 'public', 'authenticated', 'private'));

-- Who may know of a label: the widest that the packages of its files ever were. It never narrows:
-- its coming and going would tell of the packages that nobody is to know of.
ALTER TABLE label ADD COLUMN access TEXT NOT NULL DEFAULT 'public'
    CHECK (access IN ('public', 'authenticated', 'private'));

-- A document for each view of a channel. One that is the same as in the next narrower view has no row.
CREATE TABLE index_view_doc (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    label       TEXT NOT NULL CHECK (label <> ''),
    access      TEXT NOT NULL CHECK (access IN ('public', 'authenticated', 'private')),
    subdir      TEXT NOT NULL, -- '' for documents of the whole channel
    name        TEXT NOT NULL CHECK (name <> ''),
    package     TEXT NOT NULL, -- of a shard; else ''
    sha256      TEXT NOT NULL CHECK (length(sha256) = 64),
    size        INTEGER NOT NULL CHECK (size >= 0),
    modified_ms INTEGER NOT NULL,
    retired_ms  INTEGER, -- NULL while current
    UNIQUE (account_id, label, access, subdir, name)
) STRICT;
-- Shards of before have no package: they are of public ones, and go with them.
INSERT INTO index_view_doc (account_id, label, access, subdir, name, package, sha256, size,
    modified_ms, retired_ms)
    SELECT account_id, label, 'public', subdir, name, '', sha256, size, modified_ms, retired_ms
    FROM index_doc;
DROP TABLE index_doc;
ALTER TABLE index_view_doc RENAME TO index_doc;
CREATE INDEX index_doc_by_sha256 ON index_doc (sha256);
CREATE INDEX index_doc_by_retired ON index_doc (retired_ms) WHERE retired_ms IS NOT NULL;
CREATE INDEX index_doc_by_package ON index_doc (account_id, package) WHERE package <> '';
