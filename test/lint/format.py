#!/usr/bin/env python3
"""Every C file is laid out as .clang-format says."""
from perfile import check, finish, sources

finish(check("clang-format", lambda path: ["clang-format", "--dry-run", "-Werror", path],
             sources("src", "test/unit", "fuzz", suffixes=(".c", ".h")), [".clang-format"]))
