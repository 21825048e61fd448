-- What matches of a search are counted by, beside types, platforms and access; and what tokens that are
-- limited to labels are judged by. Derived, like all of search_doc: made anew with the terms.
ALTER TABLE search_doc ADD COLUMN license TEXT NOT NULL DEFAULT ''; -- as the package says it
ALTER TABLE search_doc ADD COLUMN labels TEXT NOT NULL DEFAULT ''; -- blank-separated, sorted
