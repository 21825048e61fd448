-- Files of every kind. Some have one name space for the whole account (a channel, an index), others
-- one for each release: name_key is the file's name in that of its kind (core/kind).
CREATE TABLE file_of_kind (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id         INTEGER NOT NULL,
    package_id         INTEGER NOT NULL,
    release_id         INTEGER NOT NULL,
    type               TEXT NOT NULL CHECK (type IN ('conda', 'pypi', 'r', 'ipynb', 'env', 'project',
                           'installer', 'file')),
    name_key           TEXT NOT NULL CHECK (name_key <> ''),
    basename           TEXT NOT NULL CHECK (basename <> ''),
    subdir             TEXT NOT NULL, -- the part of an index that lists it; '': none does
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
    UNIQUE (account_id, type, name_key),
    UNIQUE (release_id, basename),
    FOREIGN KEY (package_id, account_id) REFERENCES package (id, account_id) ON DELETE CASCADE,
    FOREIGN KEY (release_id, package_id) REFERENCES release (id, package_id) ON DELETE CASCADE
) STRICT;
INSERT INTO file_of_kind (id, account_id, package_id, release_id, type, name_key, basename, subdir,
    filename, sha256, md5, size, record, run_exports, about, facts, description, build_timestamp_ms,
    uploaded_ms, uploader_id)
    SELECT id, account_id, package_id, release_id, type, basename, basename, subdir, filename, sha256,
        md5, size, record, run_exports, about, facts, description, build_timestamp_ms, uploaded_ms,
        uploader_id
    FROM file;
-- Numbers are never used again, also not that of a file that was the last one and is gone.
UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'file')
    WHERE name = 'file_of_kind' AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'file');
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'file_of_kind', seq FROM sqlite_sequence WHERE name = 'file'
        AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'file_of_kind');
-- Dropping a table deletes its rows first, and with them what refers to them: so the labels move out.
CREATE TABLE file_label_of_kind (
    file_id  INTEGER NOT NULL REFERENCES file_of_kind (id) ON DELETE CASCADE,
    label_id INTEGER NOT NULL REFERENCES label (id) ON DELETE CASCADE,
    PRIMARY KEY (file_id, label_id)
) STRICT, WITHOUT ROWID;
INSERT INTO file_label_of_kind (file_id, label_id) SELECT file_id, label_id FROM file_label;
DROP TABLE file_label;
DROP TABLE file;
ALTER TABLE file_of_kind RENAME TO file;
ALTER TABLE file_label_of_kind RENAME TO file_label;
CREATE INDEX file_by_subdir ON file (account_id, subdir, filename);
CREATE INDEX file_by_package ON file (package_id, type);
CREATE INDEX file_by_release ON file (release_id, subdir, filename);
CREATE INDEX file_by_sha256 ON file (sha256);
CREATE INDEX file_by_uploader ON file (uploader_id);
CREATE INDEX file_label_by_label ON file_label (label_id);

CREATE TABLE retired_name_of_kind (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    type       TEXT NOT NULL,
    name_key   TEXT NOT NULL,
    sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
    retired_ms INTEGER NOT NULL,
    PRIMARY KEY (account_id, type, name_key)
) STRICT, WITHOUT ROWID;
INSERT INTO retired_name_of_kind (account_id, type, name_key, sha256, retired_ms)
    SELECT account_id, 'conda', basename, sha256, retired_ms FROM retired_name;
DROP TABLE retired_name;
ALTER TABLE retired_name_of_kind RENAME TO retired_name;

ALTER TABLE upload ADD COLUMN type TEXT NOT NULL DEFAULT 'conda';

-- Names of packages that differ by capital letters alone would be taken for each other.
CREATE UNIQUE INDEX package_by_folded_name ON package (account_id, lower(name));
