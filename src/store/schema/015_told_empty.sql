-- Who was told when that a package (release_id 0) or a release of it has no files: for an hour, in
-- which it may be on the strength of that that he removes it.
CREATE TABLE told_empty (
    package_id INTEGER NOT NULL REFERENCES package (id) ON DELETE CASCADE,
    release_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    told_ms    INTEGER NOT NULL,
    PRIMARY KEY (package_id, account_id, release_id)
) STRICT;
CREATE INDEX told_empty_by_account ON told_empty (account_id);
CREATE INDEX told_empty_by_time ON told_empty (told_ms);
