-- What the owner of a package says of it in place of what its files say: a JSON object, whose members
-- stay when newer files come.
ALTER TABLE package ADD COLUMN edits TEXT NOT NULL DEFAULT '{}' CHECK (edits <> '');

-- Which package this one was copied from: its number, for as long as there is one; and what it was
-- called then, unless that is not for everybody to know.
ALTER TABLE package ADD COLUMN copied_from_id INTEGER REFERENCES package (id) ON DELETE SET NULL;
ALTER TABLE package ADD COLUMN copied_from TEXT NOT NULL DEFAULT '';
CREATE INDEX package_by_source ON package (copied_from_id) WHERE copied_from_id IS NOT NULL;

-- The files of a label are read page by page.
DROP INDEX file_label_by_label;
CREATE INDEX file_label_by_label ON file_label (label_id, file_id);
