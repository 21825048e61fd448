#!/bin/sh
# build.sh DIR [MESON OPTION...]: configures DIR when needed, then builds it.
#
# Sources are found by globbing, which meson does only when it configures: so a changed list of
# files configures again, and changed options begin afresh. CC chooses the compiler.
set -eu
cd "$(dirname "$0")/.."

dir=$1
shift
options="CC=${CC:-cc} $*"
files=$(find src test/unit fuzz -name '*.c' -o -name '*.sql' -o -name '*.py' | LC_ALL=C sort)
state=$dir/.configured

if [ ! -f "$dir/build.ninja" ] || [ ! -f "$state" ] || [ "$(sed -n 1p "$state")" != "$options" ]; then
    rm -rf "$dir"
    CC=${CC:-cc} meson setup "$dir" "$@" >"$dir.log" 2>&1 || {
        cat "$dir.log" >&2
        rm -rf "$dir" "$dir.log"
        exit 1
    }
    rm -f "$dir.log"
elif [ "$(sed 1d "$state")" != "$files" ]; then
    meson setup --reconfigure "$dir" >/dev/null
fi
printf '%s\n%s\n' "$options" "$files" >"$state"
quiet=--quiet
[ ! -t 1 ] || quiet= # somebody is watching
# shellcheck disable=SC2086 # split at blanks on purpose
exec ninja -C "$dir" ${NINJA_ARGS:-$quiet}
