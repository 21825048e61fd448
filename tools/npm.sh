#!/bin/sh
# npm.sh DIR: installs what DIR/package-lock.json pins, once for each content of that file.
set -eu
cd "$(dirname "$0")/../$1"

key=$(sha256sum package-lock.json | cut -c1-64)
[ "$(cat node_modules/.key 2>/dev/null)" != "$key" ] || exit 0
echo "installing $1/package-lock.json"
npm ci --no-audit --no-fund --ignore-scripts
echo "$key" >node_modules/.key
