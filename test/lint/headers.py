#!/usr/bin/env python3
"""Every header compiles alone, with gcc and with clang: it includes all that it uses."""
from perfile import COMPILE, check, finish, sources

HEADERS = sources("src", suffixes=(".h",))
FLAGS = [*COMPILE, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c"]

finish(check("gcc", lambda path: ["gcc", *FLAGS, path], HEADERS) +
       check("clang", lambda path: ["clang", *FLAGS, "-Wno-unused-function", path], HEADERS))
