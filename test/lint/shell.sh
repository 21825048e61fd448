#!/bin/sh
# Every script is at least well-formed, and every Python file compiles.
set -eu
cd "$(dirname "$0")/../.."

status=0
for file in $(find tools test contrib bench .ci -type f 2>/dev/null | LC_ALL=C sort); do
    case $file in
    *.py) continue ;;
    esac
    read -r first <"$file" 2>/dev/null || continue
    case $first in
    '#!/bin/sh'*) sh -n "$file" || status=1 ;;
    '#!'*bash*) bash -n "$file" || status=1 ;;
    esac
done
find test tools bench src/store/schema -name '*.py' -not -path '*/node_modules/*' -print0 |
    xargs -0 python3 -c '
import ast, sys
for path in sys.argv[1:]:
    ast.parse(open(path, "rb").read(), path)' test/run || status=1
exit $status
