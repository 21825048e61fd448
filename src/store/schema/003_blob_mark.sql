-- The blob by which the store of this database's blobs is known again: who would serve, or remove
-- what is not named, with the wrong store must be told so.
CREATE TABLE blob_mark (
    id     INTEGER PRIMARY KEY CHECK (id = 1), -- at most one
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64)
) STRICT;
