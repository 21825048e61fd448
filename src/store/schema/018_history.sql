-- The states that the channels of an account had, one after the other: each transaction that changes
-- an index of conda's makes one.
CREATE TABLE generation (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL CHECK (number > 0),
    made_ms    INTEGER NOT NULL,
    actor      TEXT NOT NULL, -- login; '' is the server itself
    PRIMARY KEY (account_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX generation_by_time ON generation (account_id, made_ms);

-- What changed in it: a file, or (filename '') all of a subdir.
CREATE TABLE generation_change (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    number     INTEGER NOT NULL,
    label      TEXT NOT NULL,
    subdir     TEXT NOT NULL,
    package    TEXT NOT NULL,
    filename   TEXT NOT NULL,
    FOREIGN KEY (account_id, number) REFERENCES generation (account_id, number) ON DELETE CASCADE
) STRICT;
CREATE INDEX generation_change_by_number ON generation_change (account_id, number);

-- The first generation that has it.
ALTER TABLE index_list ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE index_chunk ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

-- Chunks of generations before, each with the first that no longer has it.
CREATE TABLE index_past_chunk (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    list_id    INTEGER NOT NULL REFERENCES index_list (id) ON DELETE CASCADE,
    first_key  TEXT NOT NULL CHECK (first_key <> ''),
    sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
    size       INTEGER NOT NULL,
    items      INTEGER NOT NULL,
    text_size  INTEGER NOT NULL,
    zstd_size  INTEGER NOT NULL,
    gzip_size  INTEGER NOT NULL,
    text_crc   INTEGER NOT NULL,
    newest_ms  INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    retired_ms INTEGER NOT NULL,
    CHECK (since < until)
) STRICT;
CREATE INDEX index_past_chunk_by_list ON index_past_chunk (list_id, until, since);
CREATE INDEX index_past_chunk_by_sha256 ON index_past_chunk (sha256);
CREATE INDEX index_past_chunk_by_retired ON index_past_chunk (retired_ms);

-- Packages that fewer may see since a generation: who may not see them now does not see them in the
-- generations before, either.
CREATE TABLE generation_hidden (
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    package    TEXT NOT NULL,
    number     INTEGER NOT NULL, -- in this one and later ones they are not shown anyway
    package_id INTEGER, -- who sees this one now sees it then; NULL: it is no more of the account
    PRIMARY KEY (account_id, package)
) STRICT, WITHOUT ROWID;
