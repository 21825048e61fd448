"""Packages made to harm: each is refused with its reason, or served harmlessly."""
import hashlib
import re
import time
from pathlib import Path

import pytest

from support import channel, packages
from support.publish import Refused, Upload
from support.server import sanitized

# How files are judged has nothing to do with where the accepted ones are kept.
pytestmark = pytest.mark.once
ACCEPTED, REFUSED, EITHER = "accepted", "refused", "either"
# What CASES.tsv wants, in our words; where it leaves the choice ("or"), either is right.
RULES = {
    "accept": ACCEPTED, "accept (real packages do that)": ACCEPTED,
    "accept, but never interpret": ACCEPTED, "accept without crash": ACCEPTED,
    "reject (4xx), store nothing, say why": REFUSED, "reject, bounded memory": REFUSED,
    "bounded time and memory; reject": REFUSED, "reject without allocating": REFUSED,
}
# What the text of a refusal must name, by case.
NAMED = {
    "bz2-truncated": r"truncat|ends|incomplete|bz", "device": r"device|fifo|special|type",
    "empty": r"empty|zip|0 bytes|end of central", "gz-as-bz2": r"bzip2|bz2|format",
    "hardlink-index": r"link|index\.json", "html": r"bzip2|bz2|format",
    "index-build-number-huge": r"build_number|integer|number",
    "index-build-number-str": r"build_number",
    "index-depends-100k": r"depends", "index-depends-nested": r"depends",
    "index-depends-str": r"depends", "index-mismatch-filename": r"name|file",
    "index-name-dotdot": r"name", "index-name-html": r"name", "index-name-nul": r"name|NUL|0000",
    "index-name-slash": r"name", "index-no-name": r"name", "index-raw-bignum": r"index\.json|JSON",
    "index-raw-deep": r"deep|nest|depth", "index-raw-dupkeys": r"duplicate|twice",
    "index-raw-empty": r"index\.json", "index-raw-latin1": r"UTF-8|decode",
    "index-raw-nan": r"index\.json|JSON", "index-raw-notjson": r"index\.json|JSON",
    "index-raw-surrogate": r"index\.json|JSON|UTF", "index-raw-utf16": r"index\.json|JSON|UTF",
    "index-subdir-dotdot": r"subdir", "index-subdir-mismatch": r"subdir|linux|osx|win",
    "index-timestamp-float": r"timestamp", "index-timestamp-neg": r"timestamp",
    "index-version-list": r"version", "index-version-slash": r"version",
    "info-dotdot": r"\.\.|path|member", "lfs-pointer": r"zip|end of central|format",
    "no-index": r"index\.json", "symlink-index": r"link|index\.json",
    "two-index": r"two|twice|second|more than one|duplicate",
    "zip-dup": r"two|twice|duplicate|second|more",
    "zip-meta-v3": r"version", "zip-nometa": r"metadata\.json", "zip-noinfo": r"info|empty",
    "zip-prefixed": r"before|begin|start|offset|central directory",
    "zip-trailing": r"after|end|trailing",
    "zip-stem": r"name|member|info-|pkg-", "zip-subfolder": r"member|name|folder|component",
    "zip-truncated": r"zip|end of central|truncat", "zst-as-conda": r"zip|end of central",
    "bomb-zst-info-1G": r"large|limit|big|more than|unpack|ratio",
    "bomb-index-64M": r"large|limit|big|more|over",
    "bomb-bz2-1G": r"large|limit|big|more than|unpack|ratio", "zstd-window-2G": r"window|zstd",
}


def cases():
    folder = packages.data_folder()
    if folder is None:
        return []
    made = folder / "hostile" / "made"
    rows = (made / "CASES.tsv").read_text().splitlines()[1:]
    return [pytest.param(made / file, what, expected, id=file.removeprefix("conda/"))
            for file, what, expected in (row.split("\t") for row in rows)
            if file.startswith("conda/")]


@pytest.fixture(scope="module")
def mallory(server, token):
    return server.client(token=token("mallory"))


def subdir_of(path):
    """Where an uploader would put it: the subdir the package claims, if that can be seen."""
    if path.parent.name == "index-subdir-mismatch" or not path.parent.name.startswith("index-"):
        return "noarch"
    try:
        claimed = packages.read_index(path).get("subdir")
    except Exception:  # unreadable: anywhere
        return "noarch"
    known = isinstance(claimed, str) and re.fullmatch(r"noarch|[a-z0-9]+-[a-z0-9]+", claimed)
    return claimed if known else "noarch"


@pytest.mark.skipif(not cases(), reason="the folder of real packages is absent")
@pytest.mark.parametrize("path, what, expected", cases())
def test_a_hostile_package(server, mallory, anonymous, path, what, expected):
    if not path.exists():
        pytest.skip("made by make_hostile.py only")
    data = path.read_bytes()
    # The uploader announces what the file's name says, and nothing of what is inside.
    name, version, _, _ = packages.split_filename(path.name)
    package = packages.Package(path, name, version, subdir_of(path),
                               hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest(),
                               len(data), {})
    before = packages_shown(anonymous)
    memory, start = server.memory(), time.monotonic()
    upload = Upload(mallory, "mallory", package)
    try:
        check(server, anonymous, upload, what, RULES.get(expected, EITHER))
        assert time.monotonic() - start < (60 if sanitized() else 10), "bounded time"
        if not sanitized():
            assert server.memory() - memory < 64 << 20, "memory of the server grew"
    finally:
        mallory.delete("/api/dist" + upload.dist_path)
    assert packages_shown(anonymous) == before


def check(server, anonymous, upload, what, wanted):
    package, refusal = upload.package, None
    try:
        upload.run()
    except Refused as refused:
        refusal = refused
    anonymous.get("/healthz").expect(200)
    if refusal is None:
        assert wanted != REFUSED, f"{what}: was accepted"
        check_served(anonymous, upload)
    else:
        assert wanted != ACCEPTED, f"{what}: {refusal}"
        assert 400 <= refusal.answer.status < 500, refusal
        error = refusal.answer.error
        assert "\n" not in error and len(error) > 10
        named = NAMED.get(package.path.parent.name)
        assert not named or re.search(named, error, re.IGNORECASE), error
        anonymous.get("/api/dist" + upload.dist_path).expect(404)
        anonymous.get(f"/conda/mallory/{package.basename}").expect(404)


def packages_shown(client):
    return [channel.listed(client, "/conda/mallory", subdir)
            for subdir in ("noarch", "linux-64", "osx-64", "win-64")]


def check_served(client, upload):
    """An accepted package shows only what the server itself found out."""
    package = upload.package
    record = channel.listed(client, "/conda/mallory", package.subdir)[package.filename]
    assert record["sha256"] == package.sha256 and record["md5"] == package.md5
    assert record["size"] == package.size
    assert f"{record['name']}-{record['version']}-{record['build']}" == Path(
        package.filename).name.removesuffix(".conda").removesuffix(".tar.bz2")
    for key in ("url", "fn", "filename", "channel", "signatures", "revoked"):
        assert key not in record, key
    served = client.get(f"/conda/mallory/{package.basename}").expect(200)
    assert served.body == upload.data
    for page in ("index.html", f"{package.subdir}/index.html", "rss.xml"):
        text = client.get(f"/conda/mallory/{page}").expect(200).text
        assert "<script>" not in text.lower() and not re.search(r"<(img|iframe|svg)\b", text)
        assert not re.search(r"(href|src)\s*=\s*[\"']?\s*javascript:", text, re.IGNORECASE)


@pytest.mark.skipif(not cases(), reason="the folder of real packages is absent")
def test_nothing_was_stored_and_nothing_escaped(server, mallory):
    """After all cases: no package of the attacker is left, and no file where none belongs."""
    for item in mallory.get("/api/packages/mallory").expect(200).json():
        mallory.delete(f"/api/package/{item['full_name']}").expect(201)
    assert packages_shown(mallory) == [{}, {}, {}, {}]
    assert not [path for path in server.data.rglob("*") if "evil" in path.name]
    for folder in (Path("/"), Path.cwd(), server.data, server.data.parent):
        assert not list(folder.glob("*pwned*"))
