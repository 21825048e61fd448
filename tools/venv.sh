#!/bin/sh
# venv.sh NAME REQUIREMENTS: a Python environment NAME in the project's folder, made from the
# system's Python and the pinned REQUIREMENTS.
#
# It is made once for each content of that file. A `.py` beside the file, of the same name, is run
# at every start of the environment's Python: for clients older than that Python.
set -eu
cd "$(dirname "$0")/.."

name=$1
requirements=$2
shim=${requirements%.txt}.py
python=/usr/bin/python3
[ -x "$python" ] || python=python3

key=$({
    "$python" --version
    cat "$requirements" tools/venv.sh
    [ ! -f "$shim" ] || cat "$shim"
} | sha256sum | cut -c1-64)
[ "$(cat "$name/.key" 2>/dev/null)" != "$key" ] || exit 0

echo "installing $requirements into $name"
rm -rf "$name"
"$python" -m venv "$name"
"$name/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$requirements"
if [ -f "$shim" ]; then
    packages=$("$name/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    cp "$shim" "$packages/client_shim.py"
    echo 'import client_shim' >"$packages/client_shim.pth"
fi
echo "$key" >"$name/.key"
