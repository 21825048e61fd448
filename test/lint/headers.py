#!/usr/bin/env python3
"""Every header compiles alone, with gcc and with clang: it includes all that it uses."""
from perfile import COMPILE, check, finish, sources

HEADERS = sources("src", suffixes=(".h",))
# As a release is built: headers of the system say other things then.
FLAGS = [*COMPILE, "-Wall", "-Wextra", "-Werror", "-O2", "-D_FORTIFY_SOURCE=3", "-fsyntax-only",
         "-x", "c"]

finish(check("gcc", lambda path: ["gcc", *FLAGS, path], HEADERS) +
       check("clang", lambda path: ["clang", *FLAGS, "-Wno-unused-function", path], HEADERS))
