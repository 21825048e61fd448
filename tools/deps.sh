#!/bin/sh
# deps.sh check|install LIST...: the Debian packages that building and testing need.
#
# LIST is `build` (what the server needs), `test` (what `make test` needs besides) or `bench` (the
# other side of `make bench`).
# check prints the missing ones and fails if there are any; install adds them as root or by sudo.
# An entry `package:command` is satisfied by the command, whichever package it came from.
set -eu

build='
    gcc:cc libc6-dev meson:meson ninja-build:ninja pkg-config:pkg-config python3
    libmicrohttpd-dev libsqlite3-dev libjansson-dev libarchive-dev libzstd-dev libssl-dev
    libsodium-dev libmsgpack-dev libseccomp-dev libcurl4-openssl-dev zlib1g-dev libyaml-dev'
test='
    clang:clang clang-format:clang-format clang-tidy:clang-tidy llvm:llvm-symbolizer
    libclang-rt-14-dev cppcheck:cppcheck libcmocka-dev python3-venv nodejs:node npm:npm
    git:git ca-certificates postgresql-15 haproxy:haproxy openssl:openssl
    r-base-core:Rscript r-cran-remotes'
bench='nginx-light:nginx nghttp2-client:h2load'

usage() {
    echo 'usage: tools/deps.sh check|install build [test] [bench]' >&2
    exit 2
}

# The packages of the given entries that are not installed, one a line.
missing() {
    for entry in "$@"; do
        case $entry in
        *:*) command -v "${entry#*:}" >/dev/null 2>&1 || echo "${entry%:*}" ;;
        *) echo "$entry" ;;
        esac
    done | while read -r package; do
        status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) || status=
        [ "$status" = 'install ok installed' ] || echo "$package"
    done
}

[ $# -ge 2 ] || usage
action=$1
shift
entries=
for list in "$@"; do
    case $list in
    build) entries="$entries $build" ;;
    test) entries="$entries $test" ;;
    bench) entries="$entries $bench" ;;
    *) usage ;;
    esac
done

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo 'not a Debian system: make sure of these packages yourself:' $entries >&2
    exit 0
fi
# shellcheck disable=SC2086 # lists are split at blanks on purpose
absent=$(missing $entries)
[ -n "$absent" ] || exit 0

case $action in
check)
    # shellcheck disable=SC2086
    echo 'missing Debian packages:' $absent '(install them with: make deps)' >&2
    exit 1
    ;;
install)
    sudo=
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 || {
            # shellcheck disable=SC2086
            echo 'as root, install these Debian packages first: apt-get install' $absent >&2
            exit 1
        }
        sudo='sudo'
    fi
    # shellcheck disable=SC2086
    echo 'installing Debian packages:' $absent
    $sudo apt-get update -q
    # Tests start servers of their own. Those of the packages are left alone: none is started, and
    # PostgreSQL makes no database.
    services=/usr/sbin/policy-rc.d
    databases=/etc/postgresql-common/createcluster.d/none-now.conf
    [ ! -e $services ] || services=
    trap '$sudo rm -f $services $databases' EXIT
    trap 'exit 1' HUP INT TERM
    [ -z "$services" ] || {
        printf '#!/bin/sh\nexit 101\n' | $sudo tee $services >/dev/null
        $sudo chmod 755 $services
    }
    $sudo mkdir -p ${databases%/*}
    echo 'create_main_cluster = false' | $sudo tee $databases >/dev/null
    # shellcheck disable=SC2086
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $absent
    ;;
*) usage ;;
esac
