#!/bin/sh
# No file of C over 1,000 lines, no function over 100 (the aim is 600 and 60). The functions of
# unit tests may be tables of any length.
set -eu
cd "$(dirname "$0")/../.."

# .clang-format puts a function's first brace and its last in the first column.
find src fuzz test/unit -name '*.[ch]' | LC_ALL=C sort | xargs awk '
    function check_file() {
        if (lines > 1000) {
            print last ": " lines " lines; the limit is 1000"
            bad = 1
        }
    }
    FNR == 1 { check_file(); last = FILENAME; begin = 0 }
    { lines = FNR }
    /^\{/ && FILENAME !~ /^test/ { begin = FNR; name = before }
    /^\}/ {
        if (begin && FNR - begin + 1 > 100) {
            print FILENAME ":" begin ": a function of " FNR - begin + 1 " lines; the limit is 100"
            bad = 1
        }
        begin = 0
    }
    END { check_file(); exit bad }
'
