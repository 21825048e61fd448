-- The serving processes that share this database; only used by an engine that has several.
CREATE TABLE node (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT NOT NULL,
    lease_ms INTEGER NOT NULL -- until when it may trust its caches, by the clock of the database
) STRICT;

-- Work that is done from time to time, by one process at a time.
CREATE TABLE job (
    name     TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
    due_ms   INTEGER NOT NULL,
    holder   TEXT NOT NULL,    -- '': nobody is at it
    lease_ms INTEGER NOT NULL, -- until when it is the holder's; 0 without one
    ended_ms INTEGER NOT NULL, -- the end of the last run; 0: there was none
    problem  TEXT NOT NULL,    -- why it failed; '': it did not
    CHECK ((holder = '') = (lease_ms = 0))
) STRICT, WITHOUT ROWID;
