#!/usr/bin/env python3
"""clang-tidy, with the checks of .clang-tidy, finds nothing. TERRARIUM_TEST_LINT=quick leaves out its static
analyzer, which takes thirty times as long as all others together."""
import os

from perfile import COMPILE, check, finish, sources


def errors(lines):
    """Without the notes, which tell an analyzer's path step by step and run to hundreds of lines."""
    return [line for number, line in enumerate(lines)
            if " error: " in line or (number and " error: " in lines[number - 1])]


LESS = ["--checks=-clang-analyzer-*"] if os.environ.get("TERRARIUM_TEST_LINT") == "quick" else []

finish(check("clang-tidy",
             lambda path: ["clang-tidy", "--quiet", *LESS, path, "--", *COMPILE,
                           "-include", "test/lint/analyzer.h"],
             sources("src"), [".clang-tidy", "test/lint/analyzer.h"], summary=errors))
