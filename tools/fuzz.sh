#!/bin/sh
# fuzz.sh SECONDS [CODEC...]: fuzzes each codec in turn under ASan and UBSan.
#
# What libFuzzer finds worth keeping stays in .cache/fuzz/CODEC. An input that breaks a property is
# left in .cache/fuzz/broken: mend the code and move the file to fuzz/regress/CODEC.
set -eu
cd "$(dirname "$0")/.."

seconds=$1
shift
[ $# -gt 0 ] || set -- $(find fuzz -name 'fuzz_*.c' | sed 's,.*/fuzz_,,; s,\.c$,,' | sort)

export CC=clang UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
tools/build.sh build-fuzz -Dfuzz=true -Dbuildtype=debugoptimized -Db_sanitize=address,undefined \
    -Dwerror=true

mkdir -p .cache/fuzz/broken
failed=
for codec; do
    found=.cache/fuzz/$codec
    mkdir -p "$found"
    seeds=$found
    for dir in "fuzz/corpus/$codec" "fuzz/regress/$codec"; do
        [ ! -d "$dir" ] || seeds="$seeds $dir"
    done
    dictionary=
    [ ! -f "fuzz/$codec.dict" ] || dictionary=-dict=fuzz/$codec.dict
    echo "fuzzing $codec for $seconds s"
    # shellcheck disable=SC2086 # lists are split at blanks on purpose
    "build-fuzz/fuzz_$codec" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
        -artifact_prefix=".cache/fuzz/broken/$codec-" $dictionary $seeds \
        >"$found.log" 2>&1 || failed="$failed $codec"
    grep -E 'ERROR|SUMMARY|stat::number_of_executed_units' "$found.log" || true
done
[ -z "$failed" ] || {
    echo "broken:$failed (logs and inputs are in .cache/fuzz)" >&2
    exit 1
}
