"""The unmodified anaconda-client, old and new: what `search` prints, and to whom."""
import hashlib
import itertools

import pytest

from support import packages
from support.anaconda import Anaconda, versions
from support.publish import Plain, Upload
from support.venvs import find_venv

NUMBERS = itertools.count()
SUMMARY = "made for a test"     # which Upload says of every package


class Seeker:
    """A user of one version, and a word that only names of his packages have, or anything like it."""

    def __init__(self, version, server, account, folder):
        number = next(NUMBERS)
        self.version, self.server, self.folder = version, server, folder
        self.login = f"seeker{number}"
        self.word = "w" + hashlib.sha256(str(number).encode()).hexdigest()[:9]
        token = account(self.login).token()
        self.client = server.client(token=token)
        self.anaconda = self.somebody("owner", token)
        self.new = self.anaconda.version >= (1, 3)

    def somebody(self, home, token=None):
        """A client of the same version; without a token nobody is signed in."""
        it = Anaconda(find_venv(f".venv-anaconda-client-{self.version}"), self.version,
                      self.folder / home, self.server.url + "/api")
        it.program += ["-t", token] if token else []
        return it

    def publish(self, name, subdir, access="public"):
        self.client.post(f"/api/package/{self.login}/{name}",
                         {"access": access, "public_attrs": {"summary": SUMMARY}})
        platform = {} if subdir == "noarch" else {"noarch": None, "subdir": subdir}
        path = packages.make_tiny(self.folder / subdir, name, **platform)
        Upload(self.client, self.login, packages.describe(path)).run()

    def found(self, *words, by=None):
        """Name, version, types, platforms and summary of each package that is printed."""
        said = (by or self.anaconda)("search", *words).ok()
        lines = [line.strip() for line in (said.out + said.err).splitlines() if line.strip()]
        ruler = next(at for at, line in enumerate(lines) if line.startswith("-----"))
        rows = []
        for line in lines[ruler + 1:]:
            if line.startswith(": "):
                rows[-1] += (line[2:],)
            elif "|" in line:
                rows.append(tuple(cell.strip() for cell in line.split("|"))[:4])
        assert ("Packages:" if rows else "No packages found") in lines
        assert f"Found {len(rows)} packages" in lines
        return rows

    def conda(self, name, platforms):
        return (f"{self.login}/{name}", "1.0", "Conda" if self.new else "conda", platforms, SUMMARY)


@pytest.fixture(params=versions())
def seeker(request, server, account, tmp_path):
    return Seeker(request.param, server, account, tmp_path)


@pytest.fixture
def shelf(seeker):
    """A conda package of two platforms, one for all, and a plain file."""
    it = seeker
    it.publish(it.word, "linux-64")
    it.publish(it.word, "osx-64")
    it.publish(f"py-{it.word}", "noarch")
    Upload(it.client, it.login, Plain(f"{it.word}-data", "2", "rows.txt"), data=b"1",
           kind="file").run()
    return it


def test_search_prints_packages_by_name_for_type_and_platform(shelf):
    it = shelf
    both, noarch = it.conda(it.word, "linux-64, osx-64"), it.conda(f"py-{it.word}", "noarch")
    rows = it.found(it.word)
    assert rows[:2] == [noarch, both]
    assert rows[2][0] == f"{both[0]}-data" and rows[2][1:3] == ("2", "file")
    assert len(rows) == 3
    assert it.found(f"{it.login}/{it.word}", "-t", "conda") == [noarch, both]
    assert it.found(it.word, "-t", "pypi") == []
    if it.new:      # the oldest asks for conda and PyPI, and for no platform
        assert it.found(it.word, "-t", "file") == rows[2:]
        assert it.found(it.word, "-p", "osx-64") == [both]
        assert it.found(it.word, "-p", "noarch", "-t", "conda") == [noarch]
        assert it.found(it.word, "-p", "win-64") == []


def test_search_finds_what_was_mistyped_and_says_when_there_is_nothing(seeker):
    it = seeker
    it.publish(it.word, "noarch")
    mistyped = f"{it.word[:4]}z{it.word[5:]}"
    assert it.found(mistyped) == [it.conda(it.word, "noarch")]
    assert it.found("x" + it.word[::-1]) == []


def test_search_shows_a_private_package_to_its_owner_alone(seeker, account):
    it = seeker
    it.publish(it.word, "noarch", access="private")
    assert it.found(it.word) == [it.conda(it.word, "noarch")]
    other = it.somebody("other", account("other").token(it.login))
    assert it.found(it.word, by=other) == []
    assert it.found(it.word, by=it.somebody("nobody")) == []
