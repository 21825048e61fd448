CREATE TABLE search_doc (
    package_id   BIGINT NOT NULL PRIMARY KEY REFERENCES package (id) ON DELETE CASCADE,
    account_id   BIGINT NOT NULL,
    access       BIGINT NOT NULL CHECK (access BETWEEN 0 AND 2),
    name_key     TEXT COLLATE "C" NOT NULL,
    keyword_key  TEXT COLLATE "C" NOT NULL,
    types        TEXT COLLATE "C" NOT NULL,
    platforms    TEXT COLLATE "C" NOT NULL,
    rank         BIGINT NOT NULL CHECK (rank >= 0),
    favorites    BIGINT NOT NULL CHECK (favorites >= 0),
    updated_ms   BIGINT NOT NULL,
    level        BIGINT NOT NULL CHECK (level BETWEEN 0 AND 3),
    terms_sha256 TEXT COLLATE "C" NOT NULL CHECK (length(terms_sha256) = 64)
);
CREATE INDEX search_doc_by_name ON search_doc (name_key, package_id);
CREATE INDEX search_doc_by_rank ON search_doc (rank, package_id);
CREATE INDEX search_doc_by_update ON search_doc (updated_ms, package_id);
CREATE INDEX search_doc_by_favorites ON search_doc (favorites, rank, package_id);
CREATE INDEX search_doc_by_level ON search_doc (level, access, rank);

-- The column has the name that SQLite gives it. Without fastupdate: what was added last would be
-- read from end to end by each search.
CREATE TABLE search_terms (rowid BIGINT NOT NULL PRIMARY KEY, terms TSVECTOR NOT NULL);
CREATE INDEX search_terms_index ON search_terms USING gin (terms) WITH (fastupdate = off);
CREATE TABLE search_terms_1 (rowid BIGINT NOT NULL PRIMARY KEY, terms TSVECTOR NOT NULL);
CREATE INDEX search_terms_1_index ON search_terms_1 USING gin (terms) WITH (fastupdate = off);
CREATE TABLE search_terms_2 (rowid BIGINT NOT NULL PRIMARY KEY, terms TSVECTOR NOT NULL);
CREATE INDEX search_terms_2_index ON search_terms_2 USING gin (terms) WITH (fastupdate = off);
CREATE TABLE search_terms_3 (rowid BIGINT NOT NULL PRIMARY KEY, terms TSVECTOR NOT NULL);
CREATE INDEX search_terms_3_index ON search_terms_3 USING gin (terms) WITH (fastupdate = off);

CREATE TABLE search_level (
    level  BIGINT NOT NULL CHECK (level BETWEEN 1 AND 3),
    hidden BIGINT NOT NULL CHECK (hidden IN (0, 1)),
    floor  BIGINT NOT NULL,
    PRIMARY KEY (level, hidden)
);
INSERT INTO search_level (level, hidden, floor)
    VALUES (1, 0, 0), (1, 1, 0), (2, 0, 0), (2, 1, 0), (3, 0, 0), (3, 1, 0);

CREATE TABLE search_word (
    stem TEXT COLLATE "C" NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (stem, word)
);

CREATE TABLE search_progress (
    id     BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    form   BIGINT NOT NULL,
    filled BIGINT NOT NULL
);
INSERT INTO search_progress (id, form, filled) VALUES (1, 0, 0);
