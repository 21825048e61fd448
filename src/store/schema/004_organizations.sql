-- What the members of an organization may do. The group "owners" may do everything, and is there for
-- as long as its organization.
CREATE TABLE org_group (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- the organization
    name         TEXT NOT NULL CHECK (name <> '' AND name = lower(name)),
    permission   TEXT NOT NULL CHECK (permission IN ('read', 'write', 'admin')),
    all_packages INTEGER NOT NULL CHECK (all_packages IN (0, 1)), -- else those of group_package
    created_ms   INTEGER NOT NULL,
    UNIQUE (account_id, name),
    UNIQUE (id, account_id) -- for the references of group_package
) STRICT;

CREATE TABLE group_member (
    group_id   INTEGER NOT NULL REFERENCES org_group (id) ON DELETE CASCADE,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE, -- a user
    PRIMARY KEY (group_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_member_by_account ON group_member (account_id);

-- A group's packages are its organization's: the references by two columns keep it so.
CREATE TABLE group_package (
    group_id   INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    package_id INTEGER NOT NULL,
    PRIMARY KEY (group_id, package_id),
    FOREIGN KEY (group_id, account_id) REFERENCES org_group (id, account_id) ON DELETE CASCADE,
    FOREIGN KEY (package_id, account_id) REFERENCES package (id, account_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX group_package_by_package ON group_package (package_id);

-- Users from outside who may use one package as their own.
CREATE TABLE collaborator (
    package_id INTEGER NOT NULL REFERENCES package (id) ON DELETE CASCADE,
    account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    permission TEXT NOT NULL CHECK (permission IN ('read', 'write')),
    PRIMARY KEY (package_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX collaborator_by_account ON collaborator (account_id);
