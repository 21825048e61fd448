"""anaconda-client as its users run it, in a home of its own."""
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from support import secrets, stores


def versions():
    """The versions that anaconda-clients.txt names, oldest first; on PostgreSQL and S3, which no
    difference between them reaches, the newest."""
    table = Path(__file__).resolve().parents[1] / "client" / "anaconda-clients.txt"
    found = [line.strip() for line in table.read_text().splitlines()
             if line and not line.startswith("#")]
    return found if stores.STORES == stores.EMBEDDED else found[-1:]


@dataclass
class Said:
    words: tuple
    code: int
    out: str
    err: str
    tidy: bool = True  # the oldest clients end some failures with a traceback of their own

    @property
    def text(self):
        """Both streams, without colours and line breaks: what a user reads."""
        plain = re.sub(r"\x1b\[[0-9;]*m", "", self.out + self.err)
        return re.sub(r"\s+", " ", plain)

    def ok(self):
        assert self.code == 0, f"{self.words}: {self.code}\n{self.out}\n{self.err}"
        return self

    def fails(self, *fragments):
        """Ends with 1 and prints these texts, and no traceback."""
        assert self.code == 1, f"{self.words}: {self.code}\n{self.out}\n{self.err}"
        return self.says(*fragments)

    def says(self, *fragments):
        assert not self.tidy or "Traceback" not in self.text, self.text
        for fragment in fragments:
            assert re.search(fragment, self.text), f"{fragment!r} is not in: {self.text}"
        return self


class Anaconda:
    """One user on one machine."""

    def __init__(self, folder, version, home, url, plugin=False):
        self.version = tuple(int(part) for part in version.split("."))
        self.program = [folder / "bin" / "anaconda", "org"] if plugin else [
            folder / "bin" / "conda-server"]
        if self.version < (1, 3):
            self.program.append("--hide-traceback")  # which newer ones do by themselves
        self.home = Path(home)
        (self.home / "config" / "data").mkdir(parents=True)
        (self.home / "config" / "data" / "config.yaml").write_text(f"url: {url}\n")
        self.url = url
        keep = {name: value for name, value in os.environ.items()
                if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
        self.env = {**keep, "HOME": str(home), "BINSTAR_CONFIG_DIR": str(self.home / "config"),
                    "PYTHONWARNINGS": "ignore", "COLUMNS": "400", "NO_COLOR": "1",
                    "ANACONDA_TELEMETRY_ENABLED": "false", "NO_PROXY": "*",
                    "ANACONDA_CLIENT_LEGACY_INTERACTIVE_LOGIN": "1"}
        if not plugin:
            self.env["ANACONDA_CLIENT_FORCE_STANDALONE"] = "1"

    def __call__(self, *words, stdin="", timeout=120):
        done = subprocess.run([*self.program, *map(str, words)], input=stdin, capture_output=True,
                              text=True, env=self.env, timeout=timeout, cwd=self.home)
        return Said(words, done.returncode, done.stdout, done.stderr, self.version >= (1, 3))

    def login(self, account, password=None, **how):
        said = self("login", "--username", account.login, "--password",
                    password or account.password, **how)
        for path in (self.home / "config").rglob("*.token"):
            secrets.remember(path.read_text().strip())
        return said

    def token_files(self):
        return [path for path in (self.home / "config").rglob("*.token")
                if path.read_text().strip()]

    def logged(self):
        """Its log of everything that went wrong, as a help for failures."""
        path = self.home / "config" / "log" / "cli.log"
        return path.read_text() if path.exists() else ""
