#!/usr/bin/env python3
"""test/threats.txt: every class of holes names tests that are there, or says why it has none."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def is_there(test):
    if test.startswith("unit/"):
        return (ROOT / "test" / f"{test}.c").exists()
    path, _, name = test.partition("::")
    file = ROOT / "test" / f"{path}.py"
    return file.exists() and re.search(rf"^def {name}\(", file.read_text(), re.MULTILINE)


def main():
    problems, classes = [], {}
    for line in (ROOT / "test" / "threats.txt").read_text().splitlines():
        if line.startswith("    "):
            classes[current].append(line.strip())
        elif line and not line.startswith("#"):
            current = line
            classes[current] = []
    for name, tests in classes.items():
        if not tests and "does not apply, " not in name:
            problems.append(f"no test: {name}")
        problems += [f"no such test: {test}" for test in tests if not is_there(test)]
    print("\n".join(problems), end="\n" if problems else "")
    return 1 if problems else 0


sys.exit(main())
