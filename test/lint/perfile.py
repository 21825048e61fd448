"""Runs a tool over many C files, two or more at a time, and only over those that changed.

A file that passed is remembered in .cache/lint under a key of everything the verdict hangs on: the
tool and its version, its command, the configuration files, the file itself and all headers of ours
that it includes. Findings are never remembered, so they are shown until they are mended."""
import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "lint"
# As in meson.build; a lint reads sources, so the flags of one compiler alone matter little. Of the
# libraries only libpq has its headers in a folder of its own.
LIBPQ = subprocess.run(["pkg-config", "--cflags", "libpq"], capture_output=True, text=True,
                       check=True).stdout.split()
COMPILE = ["-std=c17", "-D_GNU_SOURCE", "-DTERRARIUM_FAULTS", '-DTERRARIUM_VERSION="lint"',
           "-Isrc", "-Itest/unit", *LIBPQ]


def sources(*folders, suffixes=(".c",)):
    """Paths of ours, relative to the project."""
    found = []
    for folder in folders:
        found += [path.relative_to(ROOT) for path in (ROOT / folder).rglob("*")
                  if path.suffix in suffixes]
    return sorted(found)


@lru_cache(maxsize=None)
def included(path):
    """The headers of ours that a file includes itself."""
    text = (ROOT / path).read_text(errors="replace")
    found = []
    for name in re.findall(r'^#include "([^"]+)"', text, re.M):
        for base in (Path("src"), path.parent, Path("test/unit")):
            if (ROOT / base / name).exists():
                found.append(base / name)
                break
    return found


def closure(path):
    seen, pending = set(), [path]
    while pending:
        it = pending.pop()
        if it not in seen:
            seen.add(it)
            pending += included(it)
    return sorted(seen)


def key(path, command, configs):
    digest = hashlib.sha256(repr(command).encode())
    for it in closure(path) + [Path(config) for config in configs]:
        digest.update(f"\0{it}\0".encode() + (ROOT / it).read_bytes())
    return digest.hexdigest()


def version_of(tool):
    return subprocess.run([tool, "--version"], capture_output=True, text=True).stdout


def check(tool, command, paths, configs=(), summary=None):
    """command(path): the words to run for a file. summary(lines): the part of a finding's output
    to show. Prints the findings; the number of files that have any."""
    folder = CACHE / tool
    folder.mkdir(parents=True, exist_ok=True)
    version = version_of(tool)

    def one(path):
        words = [str(word) for word in command(path)]
        mark = folder / key(path, [version, *words], configs)
        if mark.exists():
            mark.touch()
            return None
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True,
                              errors="replace", stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            mark.touch()
            return None
        said = (done.stdout + done.stderr).splitlines()
        return "\n".join(summary(said) if summary else said)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [it for it in pool.map(one, paths) if it is not None]
    for it in findings:
        print(it)
    forget_old(folder, keep=4 * len(paths) + 100)
    return len(findings)


def forget_old(folder, keep):
    marks = sorted(folder.iterdir(), key=lambda mark: mark.stat().st_mtime, reverse=True)
    for mark in marks[keep:]:
        mark.unlink(missing_ok=True)


def finish(count):
    sys.exit(1 if count else 0)
