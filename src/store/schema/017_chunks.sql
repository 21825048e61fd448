-- A document that is composed has no bytes of its own: it is sent as texts and chunks of lists, and
-- its digest is that of what it is composed of.
ALTER TABLE index_doc ADD COLUMN composed INTEGER NOT NULL DEFAULT 0 CHECK (composed IN (0, 1));

-- A sorted list of items, in chunks: the part of index documents that grows with the channel. A view
-- that has no list of a place has the one of the next narrower view.
CREATE TABLE index_list (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    label      TEXT NOT NULL CHECK (label <> ''),
    subdir     TEXT NOT NULL, -- '' for lists of the whole channel
    name       TEXT NOT NULL CHECK (name <> ''),
    access     TEXT NOT NULL CHECK (access IN ('public', 'authenticated', 'private')),
    -- of all its chunks together
    items      INTEGER NOT NULL CHECK (items >= 0),
    chunks     INTEGER NOT NULL CHECK (chunks >= 0),
    text_size  INTEGER NOT NULL CHECK (text_size >= 0),
    zstd_size  INTEGER NOT NULL CHECK (zstd_size >= 0),
    gzip_size  INTEGER NOT NULL CHECK (gzip_size >= 0),
    newest_ms  INTEGER NOT NULL,
    mark       TEXT NOT NULL CHECK (length(mark) = 64), -- differs as soon as a chunk does
    UNIQUE (account_id, label, subdir, name, access)
) STRICT;

-- A run of a list's items, from first_key on to where the next chunk begins. Its bytes are a blob.
CREATE TABLE index_chunk (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    list_id   INTEGER NOT NULL REFERENCES index_list (id) ON DELETE CASCADE,
    first_key TEXT NOT NULL CHECK (first_key <> ''),
    sha256    TEXT NOT NULL CHECK (length(sha256) = 64),
    size      INTEGER NOT NULL CHECK (size > 0), -- of the blob
    items     INTEGER NOT NULL CHECK (items > 0),
    text_size INTEGER NOT NULL CHECK (text_size > 0),
    zstd_size INTEGER NOT NULL CHECK (zstd_size > 0),
    gzip_size INTEGER NOT NULL CHECK (gzip_size >= 0), -- 0: that form is not there
    text_crc  INTEGER NOT NULL CHECK (text_crc >= 0), -- CRC-32
    newest_ms INTEGER NOT NULL,
    UNIQUE (list_id, first_key)
) STRICT;
CREATE INDEX index_chunk_by_age ON index_chunk (list_id, newest_ms DESC, first_key);
CREATE INDEX index_chunk_by_sha256 ON index_chunk (sha256);
