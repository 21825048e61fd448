"""R as its users run it, in a home and a library of its own."""
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

# Fast installs: nothing here depends on documentation, byte code or a trial load.
INSTALL = 'c("--no-test-load", "--no-docs", "--no-byte-compile")'


@dataclass
class Ran:
    script: str
    code: int
    out: str
    err: str

    def ok(self):
        assert self.code == 0, f"{self.script}\n{self.code}\n{self.out}\n{self.err}"
        return self

    @property
    def lines(self):
        """What the script printed by cat()."""
        return self.out.splitlines()


class R:
    """One user on one machine."""

    def __init__(self, home):
        if shutil.which("Rscript") is None:
            pytest.skip("R is not installed (r-base-core)")
        self.home = Path(home)
        self.library = self.home / "library"
        self.library.mkdir(parents=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8",
                    "TZ": "UTC", "R_LIBS": str(self.library), "no_proxy": "*",
                    "TMPDIR": os.environ.get("TMPDIR", "/tmp")}

    def __call__(self, script, timeout=120):
        """Runs a script, in which `lib` is the library and install() is install.packages() into it,
        whose warnings are errors: all that R says of a package that it cannot get is a warning."""
        head = (f'lib <- "{self.library}"; options(warn = 2)\n'
                f'install <- function(..., opts = {INSTALL})'
                f' install.packages(..., lib = lib, INSTALL_opts = opts, quiet = TRUE)\n')
        done = subprocess.run(["Rscript", "--vanilla", "-e", head + script], capture_output=True,
                              text=True, env=self.env, timeout=timeout, cwd=self.home)
        return Ran(script, done.returncode, done.stdout, done.stderr)

    def built(self, source, timeout=120):
        """The path of the binary package that R makes of a source package."""
        folder = self.home / "built"
        folder.mkdir()
        done = subprocess.run(["R", "CMD", "INSTALL", "--build", "--no-test-load", "-l",
                               str(self.library), str(source)], capture_output=True, text=True,
                              env=self.env, timeout=timeout, cwd=folder)
        assert done.returncode == 0, done.stderr
        binary, = folder.iterdir()
        return binary

    def installed(self):
        """name -> version of what is in the library."""
        found = {}
        for path in self.library.glob("*/DESCRIPTION"):
            fields = dict(line.split(": ", 1) for line in path.read_text().splitlines()
                          if ": " in line)
            found[fields["Package"]] = fields["Version"]
        return found
