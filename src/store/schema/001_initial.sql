-- Times are milliseconds since 1970; digests of files are lower-case hex; secrets are kept as the
-- 32 bytes of their SHA-256. Numbers are never used again, so that an old reference (a log line, an
-- audit row) can never point at something new.

CREATE TABLE account (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    login         TEXT NOT NULL UNIQUE CHECK (login <> '' AND login = lower(login)),
    kind          TEXT NOT NULL CHECK (kind IN ('user', 'organization')),
    email         TEXT NOT NULL,
    email_key     TEXT UNIQUE CHECK (email_key <> ''), -- lower case; NULL: has no address
    password_hash TEXT NOT NULL,
    name          TEXT NOT NULL,
    company       TEXT NOT NULL,
    location      TEXT NOT NULL,
    url           TEXT NOT NULL,
    description   TEXT NOT NULL,
    superuser     INTEGER NOT NULL CHECK (superuser IN (0, 1)),
    terms_version TEXT NOT NULL,
    created_ms    INTEGER NOT NULL,
    CHECK ((email = '') = (email_key IS NULL))
) STRICT;

CREATE TABLE session (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    remote     TEXT NOT NULL,
    agent      TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL CHECK (expires_ms >= 0) -- 0: never
) STRICT;
CREATE INDEX session_by_account ON session (account_id);
CREATE INDEX session_by_expiry ON session (expires_ms);

CREATE TABLE token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name       TEXT NOT NULL CHECK (name <> ''),
    scopes     TEXT NOT NULL,
    hostname   TEXT NOT NULL,
    remote     TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL CHECK (expires_ms >= 0), -- 0: never
    UNIQUE (account_id, name)
) STRICT;

CREATE TABLE setup_code (
    id         INTEGER PRIMARY KEY CHECK (id = 1), -- at most one
    hash       BLOB NOT NULL CHECK (length(hash) = 32),
    expires_ms INTEGER NOT NULL CHECK (expires_ms >= 0)
) STRICT;

CREATE TABLE package (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name           TEXT NOT NULL CHECK (name <> ''),
    summary        TEXT NOT NULL,
    attrs          TEXT NOT NULL CHECK (attrs <> ''),
    latest_version TEXT NOT NULL,
    created_ms     INTEGER NOT NULL,
    updated_ms     INTEGER NOT NULL,
    UNIQUE (account_id, name),
    UNIQUE (id, account_id) -- for the references of files and uploads
) STRICT;

CREATE TABLE release (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    package_id INTEGER NOT NULL REFERENCES package (id) ON DELETE CASCADE,
    version    TEXT NOT NULL CHECK (version <> ''),
    attrs      TEXT NOT NULL CHECK (attrs <> ''),
    created_ms INTEGER NOT NULL,
    UNIQUE (package_id, version),
    UNIQUE (id, package_id) -- for the references of files and uploads
) STRICT;

-- account_id and package_id repeat what release_id says, for the indexes; the references by two
-- columns keep them from ever saying something else.
CREATE TABLE file (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id         INTEGER NOT NULL,
    package_id         INTEGER NOT NULL,
    release_id         INTEGER NOT NULL,
    type               TEXT NOT NULL CHECK (type IN ('conda')),
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
    UNIQUE (account_id, basename, type),
    FOREIGN KEY (package_id, account_id) REFERENCES package (id, account_id) ON DELETE CASCADE,
    FOREIGN KEY (release_id, package_id) REFERENCES release (id, package_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX file_by_subdir ON file (account_id, subdir, filename);
CREATE INDEX file_by_package ON file (package_id, type);
CREATE INDEX file_by_release ON file (release_id, subdir, filename);
CREATE INDEX file_by_sha256 ON file (sha256);
CREATE INDEX file_by_uploader ON file (uploader_id);

CREATE TABLE label (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    name       TEXT NOT NULL CHECK (name <> '' AND name = lower(name)),
    locked     INTEGER NOT NULL DEFAULT 0 CHECK (locked IN (0, 1)),
    UNIQUE (account_id, name)
) STRICT;

CREATE TABLE file_label (
    file_id  INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
    label_id INTEGER NOT NULL REFERENCES label (id) ON DELETE CASCADE,
    PRIMARY KEY (file_id, label_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX file_label_by_label ON file_label (label_id);

-- Names of removed files: a channel's clients may hold the old bytes under them.
CREATE TABLE retired_name (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    basename   TEXT NOT NULL,
    sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
    retired_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, basename)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_hash     BLOB NOT NULL UNIQUE CHECK (length(ticket_hash) = 32),
    dist_id         TEXT NOT NULL UNIQUE CHECK (dist_id <> ''),
    account_id      INTEGER NOT NULL,
    uploader_id     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    package_id      INTEGER NOT NULL,
    release_id      INTEGER NOT NULL,
    basename        TEXT NOT NULL CHECK (basename <> ''),
    declared_sha256 TEXT NOT NULL CHECK (length(declared_sha256) IN (0, 64)),
    attrs           TEXT NOT NULL,
    labels          TEXT NOT NULL,
    description     TEXT NOT NULL,
    sha256          TEXT NOT NULL CHECK (length(sha256) IN (0, 64)), -- '' until received
    md5             TEXT NOT NULL CHECK (length(md5) IN (0, 32)),
    size            INTEGER NOT NULL CHECK (size >= 0),
    created_ms      INTEGER NOT NULL,
    expires_ms      INTEGER NOT NULL,
    CHECK ((sha256 = '') = (md5 = '')),
    FOREIGN KEY (package_id, account_id) REFERENCES package (id, account_id) ON DELETE CASCADE,
    FOREIGN KEY (release_id, package_id) REFERENCES release (id, package_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX upload_by_package ON upload (package_id);
CREATE INDEX upload_by_release ON upload (release_id);
CREATE INDEX upload_by_uploader ON upload (uploader_id);
CREATE INDEX upload_by_sha256 ON upload (sha256);
CREATE INDEX upload_by_expiry ON upload (expires_ms);

-- Documents of the indexes: derived, can be made again from files.
CREATE TABLE index_doc (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    label       TEXT NOT NULL CHECK (label <> ''),
    subdir      TEXT NOT NULL, -- '' for documents of the whole channel
    name        TEXT NOT NULL CHECK (name <> ''),
    sha256      TEXT NOT NULL CHECK (length(sha256) = 64),
    size        INTEGER NOT NULL CHECK (size >= 0),
    modified_ms INTEGER NOT NULL,
    retired_ms  INTEGER, -- NULL while current
    UNIQUE (account_id, label, subdir, name)
) STRICT;
CREATE INDEX index_doc_by_sha256 ON index_doc (sha256);
CREATE INDEX index_doc_by_retired ON index_doc (retired_ms) WHERE retired_ms IS NOT NULL;

-- Bytes of documents that were replaced under their name: a reader may still be sending them.
CREATE TABLE index_garbage (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
    retired_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX index_garbage_by_sha256 ON index_garbage (sha256);
CREATE INDEX index_garbage_by_retired ON index_garbage (retired_ms);

-- Who did what. Names are kept as they were: the rows outlive the accounts.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    time_ms    INTEGER NOT NULL,
    actor_id   INTEGER NOT NULL, -- 0: nobody was signed in
    actor      TEXT NOT NULL,
    token_name TEXT NOT NULL,
    remote     TEXT NOT NULL,
    action     TEXT NOT NULL CHECK (action <> ''),
    object     TEXT NOT NULL,
    detail     TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_time ON audit (time_ms);
