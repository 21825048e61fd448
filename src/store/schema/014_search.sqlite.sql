-- What packages are found by: derived, can be made again from the packages and their files.

-- One for each package. Ranks are higher the more a package was downloaded, then the later it was
-- changed (store/search.h).
CREATE TABLE search_doc (
    package_id   INTEGER PRIMARY KEY REFERENCES package (id) ON DELETE CASCADE,
    account_id   INTEGER NOT NULL,
    access       INTEGER NOT NULL CHECK (access BETWEEN 0 AND 2), -- public, authenticated, private
    name_key     TEXT NOT NULL, -- the name as it is compared: "scikit-learn"
    keyword_key  TEXT NOT NULL, -- the same of all keywords: "-machine-learning"
    types        TEXT NOT NULL, -- blank-separated, sorted
    platforms    TEXT NOT NULL, -- likewise
    rank         INTEGER NOT NULL CHECK (rank >= 0),
    favorites    INTEGER NOT NULL CHECK (favorites >= 0),
    updated_ms   INTEGER NOT NULL,
    level        INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3), -- the last of the tables below
    terms_sha256 TEXT NOT NULL CHECK (length(terms_sha256) = 64)
) STRICT;
CREATE INDEX search_doc_by_name ON search_doc (name_key, package_id);
CREATE INDEX search_doc_by_rank ON search_doc (rank, package_id);
CREATE INDEX search_doc_by_update ON search_doc (updated_ms, package_id);
CREATE INDEX search_doc_by_favorites ON search_doc (favorites, rank, package_id);
CREATE INDEX search_doc_by_level ON search_doc (level, access, rank);

-- The terms of all packages; those of the packages that rank first are in the smaller ones as well,
-- so that what many have in common need not be looked for among all. Row numbers are package_id.
CREATE VIRTUAL TABLE search_terms USING fts5 (terms, detail=none, columnsize=0, tokenize='ascii');
CREATE VIRTUAL TABLE search_terms_1 USING fts5 (terms, detail=none, columnsize=0, tokenize='ascii');
CREATE VIRTUAL TABLE search_terms_2 USING fts5 (terms, detail=none, columnsize=0, tokenize='ascii');
CREATE VIRTUAL TABLE search_terms_3 USING fts5 (terms, detail=none, columnsize=0, tokenize='ascii');

-- From which rank on a package is in them: public ones, and (hidden 1) those that are not.
CREATE TABLE search_level (
    level  INTEGER NOT NULL CHECK (level BETWEEN 1 AND 3),
    hidden INTEGER NOT NULL CHECK (hidden IN (0, 1)),
    floor  INTEGER NOT NULL,
    PRIMARY KEY (level, hidden)
) STRICT, WITHOUT ROWID;
INSERT INTO search_level (level, hidden, floor)
    VALUES (1, 0, 0), (1, 1, 0), (2, 0, 0), (2, 1, 0), (3, 0, 0), (3, 1, 0);

-- The words of names, by what is left of their beginnings when a letter is missing.
CREATE TABLE search_word (
    stem TEXT NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (stem, word)
) STRICT, WITHOUT ROWID;

-- How far those packages have come that were there before, in the order of their numbers.
CREATE TABLE search_progress (
    id     INTEGER PRIMARY KEY CHECK (id = 1), -- at most one
    form   INTEGER NOT NULL, -- which program's terms they have
    filled INTEGER NOT NULL  -- up to this package
) STRICT;
INSERT INTO search_progress (id, form, filled) VALUES (1, 0, 0);
