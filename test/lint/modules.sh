#!/bin/sh
# Every src/LAYER/MODULE.c has a test/unit/test_MODULE.c, or test_LAYER_MODULE.c where two layers
# have a module of that name; and every unit test has its module.
set -eu
cd "$(dirname "$0")/../.."

status=0
complain() {
    echo "$1"
    status=1
}

for file in src/*.c src/*/*.c; do
    [ "$file" != src/main.c ] || continue
    module=$(basename "$file" .c)
    layer=$(basename "$(dirname "$file")")
    [ -f "test/unit/test_$module.c" ] || [ -f "test/unit/test_${layer}_$module.c" ] ||
        complain "$file: has no test/unit/test_$module.c"
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
exit $status
