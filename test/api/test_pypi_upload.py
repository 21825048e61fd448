"""Python distributions: every real file of the test data, those that PyPI refuses, hostile ones."""
import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from support import packages, pypi
from support.publish import Plain, Refused, Upload

# The server and what it holds are shared by all tests of this file.
pytestmark = pytest.mark.xdist_group("pypi_upload")


@pytest.fixture(scope="module")
def send(server, token):
    """send(owner, described, bytes, ...): uploads a file; raises Refused."""
    def upload(owner, what, data, labels=()):
        client = server.client(token=token(owner))
        try:
            it = Upload(client, owner, what, list(labels), data, "pypi")
            it.run()
            return it
        finally:
            client.close()
    return upload


# --- real files -------------------------------------------------------------------------------

# Real files that we refuse: (end of the path, what the reason says). A file that no row is for must
# be accepted, and each row must be needed.
REFUSED = [
    ("azure_cli_extension-0.2.1-py2.py3-none-any.whl", "has no .dist-info folder"),
]


def real_files():
    """folder -> its distributions. Empty files, which some tests of others need, are left out."""
    root = packages.data_folder()
    found = {}
    for path in sorted((root / "pypi").rglob("*")) if root else ():
        if path.is_file() and path.name.endswith(pypi.ENDINGS) and path.stat().st_size:
            found.setdefault(path.relative_to(root / "pypi").parts[0], []).append(path)
    return found


@pytest.fixture(scope="module")
def verdicts(send):
    """path -> None, or why it was refused. Files of one name go to accounts of their own."""
    taken, found = {}, {}
    for paths in real_files().values():
        for path in paths:
            data = path.read_bytes()
            # Other bytes of a name that is taken, or the same bytes again, go elsewhere.
            number = taken[path.name] = taken.get(path.name, -1) + 1
            try:
                send(f"real{number}", pypi.describe(path), data)
                found[path] = None
            except Refused as why:
                found[path] = f"{why.step} {why.answer.status}: {why.answer.error}"
    return found


def rows_for(path):
    return [row for row in REFUSED if str(path).endswith(row[0])]


@pytest.mark.parametrize("folder", real_files())
def test_real_files_are_accepted_but_those_with_a_reason(verdicts, folder):
    wrong = []
    for path in real_files()[folder]:
        refusal, rows = verdicts[path], rows_for(path)
        if refusal is None and not rows:
            continue
        if refusal is None or not rows or not all(re.search(reason, refusal) for _, reason in rows):
            wrong.append(f"{path}: {refusal or 'was accepted'}; the table has {rows}")
    assert not wrong, "\n".join(wrong)


def test_there_is_a_file_for_every_reason(verdicts):
    if not verdicts:
        pytest.skip("the folder of real packages is absent")
    needed = {row for path, refusal in verdicts.items() if refusal for row in rows_for(path)}
    assert needed == set(REFUSED)
    assert sum(refusal is None for refusal in verdicts.values()) > 250
