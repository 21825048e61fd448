#!/bin/sh
# Folders are layers: each includes only what layers.txt lets it see.
set -eu
cd "$(dirname "$0")/../.."

find src -name '*.[ch]' | LC_ALL=C sort | xargs awk '
    function layer_of(path) { return path ~ /\// ? substr(path, 1, index(path, "/") - 1) : "." }
    FILENAME ~ /layers\.txt$/ {
        if (/^#/ || NF == 0)
            next
        name = $1
        sub(/:$/, "", name)
        known[name] = 1
        may[name, name ~ /\// ? layer_of(name) : name] = 1
        for (i = 2; i <= NF; i++)
            may[name, $i] = 1
        next
    }
    /^#include "/ {
        from = substr(FILENAME, 5)
        rule = from in known ? from : layer_of(from)
        split($0, word, "\"")
        to = layer_of(word[2])
        if (!(rule in known)) {
            print FILENAME ": folder " rule " is not in test/lint/layers.txt"
            bad = 1
            nextfile
        }
        if (!((rule, to) in may)) {
            print FILENAME ":" FNR ": " rule " may not include \"" word[2] "\""
            bad = 1
        }
    }
    END { exit bad }
' test/lint/layers.txt
