ALTER TABLE file ADD COLUMN name_key TEXT COLLATE "C" CHECK (name_key <> '');
UPDATE file SET name_key = basename;
ALTER TABLE file ALTER COLUMN name_key SET NOT NULL;
ALTER TABLE file DROP CONSTRAINT file_account_id_basename_type_key;
ALTER TABLE file DROP CONSTRAINT file_type_check;
ALTER TABLE file ADD CHECK (type IN ('conda', 'pypi', 'r', 'ipynb', 'env', 'project', 'installer', 'file'));
ALTER TABLE file ADD UNIQUE (account_id, type, name_key);
ALTER TABLE file ADD UNIQUE (release_id, basename);

ALTER TABLE retired_name ADD COLUMN type TEXT COLLATE "C" NOT NULL DEFAULT 'conda';
ALTER TABLE retired_name ALTER COLUMN type DROP DEFAULT;
ALTER TABLE retired_name RENAME COLUMN basename TO name_key;
ALTER TABLE retired_name DROP CONSTRAINT retired_name_pkey;
ALTER TABLE retired_name ADD PRIMARY KEY (account_id, type, name_key);

ALTER TABLE upload ADD COLUMN type TEXT COLLATE "C" NOT NULL DEFAULT 'conda';

CREATE UNIQUE INDEX package_by_folded_name ON package (account_id, lower(name));
