#!/bin/sh
# Some things have one place: SQL in src/store, the heap in src/base.
set -eu
cd "$(dirname "$0")/../.."

status=0
# A string literal that begins like a statement.
sql='"(SELECT|INSERT INTO|INSERT OR|UPDATE|DELETE FROM|CREATE (TABLE|INDEX|UNIQUE)|DROP|ALTER TABLE|PRAGMA|BEGIN|COMMIT|ROLLBACK|WITH [a-z_]+ AS|VACUUM)[ ;"]'
if grep -rnE --include='*.[ch]' "$sql" src | grep -v '^src/store/'; then
    echo 'SQL belongs into src/store'
    status=1
fi
heap='(^|[^a-zA-Z0-9_.>])(malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf|getline|open_memstream)\('
if grep -rnE --include='*.[ch]' "$heap" src | grep -v '^src/base/' |
    grep -vE ':[0-9]+: *(/\*|\*|//)'; then
    echo 'the heap has one door: base/mem.h'
    status=1
fi
exit $status
