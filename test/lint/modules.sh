#!/bin/sh
# Every src/LAYER/MODULE.c has a test/unit/test_MODULE.c, or test_LAYER_MODULE.c where two layers
# have a module of that name, or a line in modules.txt; and every unit test has its module.
set -eu
cd "$(dirname "$0")/../.."

status=0
complain() {
    echo "$1"
    status=1
}

# The suite that modules.txt names for src/$1.c; empty without a line.
elsewhere() {
    sed -n "s,^$1: *,,p" test/lint/modules.txt
}

for file in src/*.c src/*/*.c; do
    [ "$file" != src/main.c ] || continue
    module=$(basename "$file" .c)
    layer=$(basename "$(dirname "$file")")
    other=$(elsewhere "$layer/$module")
    if [ -f "test/unit/test_$module.c" ] || [ -f "test/unit/test_${layer}_$module.c" ]; then
        continue
    elif [ -z "$other" ]; then
        complain "$file: has no test/unit/test_$module.c"
    elif [ ! -f "$other" ]; then
        complain "test/lint/modules.txt: $layer/$module: there is no $other"
    fi
done
for file in test/unit/test_*.c; do
    module=$(basename "$file" .c)
    module=${module#test_}
    found=
    for source in src/"$module".[ch] src/*/"$module".[ch] \
        src/"${module%%_*}/${module#*_}".[ch]; do
        [ ! -f "$source" ] || found=$source
    done
    [ -n "$found" ] || complain "$file: there is no module $module"
done
for module in $(sed -n 's/^\([a-z_/]*\):.*/\1/p' test/lint/modules.txt); do
    [ -f "src/$module.c" ] || complain "test/lint/modules.txt: there is no src/$module.c"
done
exit $status
