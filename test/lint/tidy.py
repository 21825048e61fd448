#!/usr/bin/env python3
"""clang-tidy, with the checks of .clang-tidy, finds nothing."""
from perfile import COMPILE, check, finish, sources

finish(check("clang-tidy",
             lambda path: ["clang-tidy", "--quiet", path, "--", *COMPILE,
                           "-include", "test/lint/analyzer.h"],
             sources("src"), [".clang-tidy", "test/lint/analyzer.h"],
             noise=r"^\d+ warnings?( and \d+ errors?)? generated"))
