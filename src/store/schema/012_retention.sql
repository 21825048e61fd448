-- What was removed and may still be put back: one row for each removal. The tables that go with it
-- have the columns of those from which they were filled, and the rows keep their numbers, so that
-- whatever is put back is what it was. In the tables of the living there is no trace of them.
CREATE TABLE trash (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('file', 'release', 'package')),
    package_id INTEGER NOT NULL, -- the number that the package has, or had
    package    TEXT NOT NULL CHECK (package <> ''),
    version    TEXT NOT NULL,    -- '': of a whole package
    basename   TEXT NOT NULL,    -- '': not of one file
    files      INTEGER NOT NULL, -- how many, and the bytes of all of them
    size       INTEGER NOT NULL,
    remover    TEXT NOT NULL,    -- login; '': the server by itself
    reason     TEXT NOT NULL,    -- the rule of retention; '': somebody's wish
    removed_ms INTEGER NOT NULL,
    due_ms     INTEGER NOT NULL, -- from then on it is gone for everybody, and swept
    CHECK ((version = '') = (kind = 'package')),
    CHECK ((basename <> '') = (kind = 'file'))
) STRICT;
CREATE INDEX trash_by_account ON trash (account_id, id);
CREATE INDEX trash_by_package ON trash (package_id);
CREATE INDEX trash_by_due ON trash (due_ms);

CREATE TABLE trash_package (
    id             INTEGER PRIMARY KEY,
    trash_id       INTEGER NOT NULL UNIQUE REFERENCES trash (id) ON DELETE CASCADE,
    access         TEXT NOT NULL CHECK (access IN ('public', 'authenticated', 'private')),
    summary        TEXT NOT NULL,
    attrs          TEXT NOT NULL CHECK (attrs <> ''),
    latest_version TEXT NOT NULL,
    created_ms     INTEGER NOT NULL,
    updated_ms     INTEGER NOT NULL,
    edits          TEXT NOT NULL CHECK (edits <> ''),
    copied_from_id INTEGER,       -- which may be gone
    copied_from    TEXT NOT NULL, -- which may have become hidden
    rules          TEXT NOT NULL, -- of retention, its own; '': none
    downloads      INTEGER NOT NULL
) STRICT;

CREATE TABLE trash_collaborator (
    package_id INTEGER NOT NULL REFERENCES trash_package (id) ON DELETE CASCADE,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    permission TEXT NOT NULL CHECK (permission IN ('read', 'write')),
    PRIMARY KEY (package_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX trash_collaborator_by_account ON trash_collaborator (account_id);

CREATE TABLE trash_group_package (
    package_id INTEGER NOT NULL REFERENCES trash_package (id) ON DELETE CASCADE,
    group_id   INTEGER NOT NULL REFERENCES org_group (id) ON DELETE CASCADE,
    PRIMARY KEY (package_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX trash_group_package_by_group ON trash_group_package (group_id);

CREATE TABLE trash_favorite (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    package_id INTEGER NOT NULL REFERENCES trash_package (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (package_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX trash_favorite_by_account ON trash_favorite (account_id);

CREATE TABLE trash_package_download (
    package_id INTEGER NOT NULL REFERENCES trash_package (id) ON DELETE CASCADE,
    day        INTEGER NOT NULL,
    client     TEXT NOT NULL CHECK (client <> ''),
    count      INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (package_id, day, client)
) STRICT, WITHOUT ROWID;

-- The releases of the files, also of a file that was removed alone: the release may go after it.
CREATE TABLE trash_release (
    trash_id   INTEGER NOT NULL REFERENCES trash (id) ON DELETE CASCADE,
    id         INTEGER NOT NULL,
    version    TEXT NOT NULL CHECK (version <> ''),
    attrs      TEXT NOT NULL CHECK (attrs <> ''),
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (trash_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE trash_file (
    id                 INTEGER PRIMARY KEY,
    trash_id           INTEGER NOT NULL REFERENCES trash (id) ON DELETE CASCADE,
    account_id         INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    release_id         INTEGER NOT NULL, -- in trash_release
    type               TEXT NOT NULL,
    name_key           TEXT NOT NULL CHECK (name_key <> ''),
    basename           TEXT NOT NULL CHECK (basename <> ''),
    subdir             TEXT NOT NULL,
    filename           TEXT NOT NULL CHECK (filename <> ''),
    sha256             TEXT NOT NULL CHECK (length(sha256) = 64),
    md5                TEXT NOT NULL CHECK (length(md5) = 32),
    size               INTEGER NOT NULL CHECK (size >= 0),
    record             TEXT NOT NULL,
    run_exports        TEXT NOT NULL,
    about              TEXT NOT NULL,
    facts              TEXT NOT NULL,
    description        TEXT NOT NULL,
    build_timestamp_ms INTEGER NOT NULL,
    uploaded_ms        INTEGER NOT NULL,
    uploader_id        INTEGER REFERENCES account (id) ON DELETE SET NULL,
    downloads          INTEGER NOT NULL
) STRICT;
CREATE INDEX trash_file_by_trash ON trash_file (trash_id);
CREATE INDEX trash_file_by_account ON trash_file (account_id);
CREATE INDEX trash_file_by_sha256 ON trash_file (sha256);
CREATE INDEX trash_file_by_uploader ON trash_file (uploader_id);

-- A label is found again by its number, whatever it is called by then; if it is gone, by its name.
CREATE TABLE trash_file_label (
    file_id  INTEGER NOT NULL REFERENCES trash_file (id) ON DELETE CASCADE,
    label_id INTEGER NOT NULL,
    name     TEXT NOT NULL CHECK (name <> '' AND name = lower(name)),
    PRIMARY KEY (file_id, label_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE trash_download (
    file_id INTEGER NOT NULL REFERENCES trash_file (id) ON DELETE CASCADE,
    day     INTEGER NOT NULL,
    client  TEXT NOT NULL CHECK (client <> ''),
    count   INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (file_id, day, client)
) STRICT, WITHOUT ROWID;

-- What an account has stored, and how much it may. Derived, but for the quota: the bytes of its
-- files, and of those in the trash, each digest once.
CREATE TABLE account_space (
    account_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    used       INTEGER NOT NULL,
    quota      INTEGER CHECK (quota >= 0) -- 0: as much as there is; NULL: as the settings say
) STRICT;
INSERT INTO account_space (account_id, used)
    SELECT account_id, CAST(SUM(size) AS INTEGER)
    FROM (SELECT DISTINCT account_id, sha256, size FROM file) b GROUP BY account_id;

-- Rules that say which files need not be kept (format/retention_rule.h): of an account, and of those
-- of its packages that have their own, which hold instead.
CREATE TABLE account_retention (
    account_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    rules      TEXT NOT NULL CHECK (rules <> ''),
    changed_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE package_retention (
    package_id INTEGER PRIMARY KEY REFERENCES package (id) ON DELETE CASCADE,
    rules      TEXT NOT NULL CHECK (rules <> ''),
    changed_ms INTEGER NOT NULL
) STRICT;

-- How the last application of an account's rules ended.
CREATE TABLE retention_run (
    account_id INTEGER PRIMARY KEY REFERENCES account (id) ON DELETE CASCADE,
    ended_ms   INTEGER NOT NULL,
    files      INTEGER NOT NULL, -- that were removed
    size       INTEGER NOT NULL, -- their bytes
    problem    TEXT NOT NULL     -- why it failed; '': it did not
) STRICT;
