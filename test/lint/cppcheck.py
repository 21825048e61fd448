#!/usr/bin/env python3
"""cppcheck finds nothing."""
from perfile import check, finish, sources

# What cppcheck 2.10 says beyond errors is mostly said better by the compilers and clang-tidy.
COMMAND = ["cppcheck", "--quiet", "--std=c11", "--error-exitcode=1", "--inline-suppr",
           "--enable=warning,performance,portability", "--suppressions-list=test/lint/cppcheck.txt",
           "-D_GNU_SOURCE", "-DTERRARIUM_FAULTS", '-DTERRARIUM_VERSION="lint"', "-Isrc"]

finish(check("cppcheck", lambda path: [*COMMAND, path], sources("src"),
             ["test/lint/cppcheck.txt"]))
