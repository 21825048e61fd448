"""Python distributions: every real file of the test data, those that PyPI refuses, hostile ones."""
import hashlib
import json
import re
from pathlib import Path

import pytest

from support import packages, pypi
from support.publish import Plain, Refused, Upload
from support.server import sanitized

# The server and what it holds are shared by all tests of this file.
# How files are judged has nothing to do with where the accepted ones are kept.
pytestmark = [pytest.mark.once, pytest.mark.xdist_group("pypi_upload")]


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

# Real files that we refuse: the end of the path, and what the reason says. A file that no row is
# for must be accepted, and each row must be needed.
REFUSED = [
    # Archives that are no distributions, or reduced to what somebody's tests needed.
    ("azure_cli_extension-0.2.1-py2.py3-none-any.whl", "the wheel has no .dist-info folder"),
    ("rfordummies_0.1.2.tar.gz", "is not name-version.tar.gz"),
    ("distlib-tests/bad.tar.bz2", "is not name-version.tar.gz"),
    ("distlib-tests/bad.tar.gz", "is not name-version.tar.gz"),
    ("distlib-tests/bad.zip", "is not name-version.tar.gz"),
    ("distlib-tests/bar.zip", "is not name-version.tar.gz"),
    ("distlib-tests/evil.tar.gz", "is not name-version.tar.gz"),
    ("distlib-tests/foo.zip", "is not name-version.tar.gz"),
    ("distlib-tests/good.tar.bz2", "is not name-version.tar.gz"),
    ("distlib-tests/good.tar.gz", "is not name-version.tar.gz"),
    ("distlib-tests/good.zip", "is not name-version.tar.gz"),
    ("pip-tests/packages/test_zip.zip", "is not name-version.tar.gz"),
    ("twine-tests/malformed.tar.gz", "is not name-version.tar.gz"),
    ("stubbed/Twisted-18.9.0.tar.bz2", "not bzip2 data"),
    ("stubbed/jupyter-1.0.0.zip", "the metadata of the distribution is empty"),
    # What the framing of a ZIP file must be.
    ("corruptwheel-1.0-py2.py3-none-any.whl", "does not end as a ZIP file"),
    ("evilpkg-1.0-py3-none-any.whl",
     'member name "../../../victim/PWNED_LIB.py" is not a plain relative path'),
    ("strawberry-0.6.egg", "bytes before ZIP member"),
    ("zipdata/reject/wheel-1.0-py3-none-any.whl",
     'two ZIP members are named "wheel-1.0.dist-info/WHEEL"'),
    # What must be in a wheel ...
    ("no_record-1.0.0-py3-none-any.whl", 'has no "no_record-1.0.0.dist-info/RECORD"'),
    ("no_wheel_file-1.0.0-py3-none-any.whl", 'has no "no_wheel_file-1.0.0.dist-info/WHEEL"'),
    ("bad_wheels/dummy-0.1-py27-none-any.whl", 'has no "dummy-0.1.dist-info/METADATA"'),
    ("distlib-tests/dummy-0.1-py27-none-any.whl", 'Wheel-Version "2.0" is not 1.x'),
    ("demo_missing_dist_info-0.1.0-py2.py3-none-any.whl", "has no .dist-info folder"),
    ("demo_invalid_record-0.1.0-py2.py3-none-any.whl",
     'file "demo/__init__.py" is not listed in RECORD'),
    ("bad-wheels/extra_file-1.0.0-py3-none-any.whl", 'file "extra.py" is not listed in RECORD'),
    ("simplewheel-2.0-1-py2.py3-none-any.whl", "is not listed in RECORD"),
    # ... and in a source distribution.
    ("test_testdist-0.1.zip", 'file "PKG-INFO" lies beside the folder'),
    ("demo_no_pkg_info-0.1.0.tar.gz", "the source distribution has no PKG-INFO in its folder"),
    # Names and versions.
    ("test_package34-distutils-0.3.1.tar.gz", 'is not that of project "test_package34"'),
    ("brokenwheel-1.0-py2.py3-none-any.whl", 'is not that of project "simple.dist"'),
    ("demo_metadata_version_23-0.1.0-py2.py3-none-any.whl", 'is not that of project "demo"'),
    ("demo_metadata_version_24-0.1.0-py2.py3-none-any.whl", 'is not that of project "demo"'),
    ("demo_metadata_version_299-0.1.0-py2.py3-none-any.whl", 'is not that of project "demo"'),
    ("demo_metadata_version_unknown-0.1.0-py2.py3-none-any.whl", 'is not that of project "demo"'),
    ("dist_info_mismatch-0.1.0-py3-none-any.whl", 'is not that of project "foobar"'),
    ("broken-0.2+broken.tar.gz", 'version "0.2broken" is not one'),
    ("invalid_version-2010i-py3-none-any.whl", 'version "2010i" is not one'),
    ("validation-2.0.0-py3-none-any.whl", 'Requires-Python: version specifier "12"'),
    ("validation-3.0.0-py3-none-any.whl", 'does not belong to release "2.0.0"'),
]


def real_files():
    """folder -> its distributions. Empty files, which some tests of others need, are left out."""
    root = packages.data_folder()
    found = {}
    for path in sorted((root / "pypi").rglob("*")) if root else ():
        if path.is_file() and path.name.endswith(pypi.ENDINGS) and path.stat().st_size and not (
                path.parent.parent.name == "zipdata" and path.suffix == ".zip"):
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
        if refusal is None or not rows or not all(reason in refusal for _, reason in rows):
            wrong.append(f"{path}: {refusal or 'was accepted'}; the table has {rows}")
    assert not wrong, "\n".join(wrong)


def test_there_is_a_file_for_every_reason(verdicts):
    if not verdicts:
        pytest.skip("the folder of real packages is absent")
    needed = {row for path, refusal in verdicts.items() if refusal for row in rows_for(path)}
    assert needed == set(REFUSED)
    assert sum(refusal is None for refusal in verdicts.values()) > 240


# --- ZIP files that PyPI refuses ----------------------------------------------------------------

# The archives of warehouse's own tests: a word of the name -> what our reason says. None is a
# source distribution, but that is looked at after the framing: who is told so is well framed to us.
NO_SDIST = r"lies beside the folder|has no PKG-INFO in its folder"
REASONS = [
    (r"reject/zip64_extra_too_long", NO_SDIST),  # surplus sizes that repeat what is known
    (r"reject/(8bitcomment|suffix_not_comment)", "does not end as a ZIP file"),
    (r"reject/(cd_comment|eocd64_without_locator|prefix|zipinzip)",
     "central directory is not where it is said to be"),
    (r"reject/cd_extra_entry", 'bytes before ZIP member "fixme", or it overlaps'),
    (r"reject/cd_missing_entry", "bytes between the ZIP members and their directory"),
    (r"reject/data_descriptor", "differs between its header and the central directory"),
    (r"reject/dupe_eocd", "bytes after the ZIP central directory"),
    (r"reject/(eocd64_|zip64_eocd)", "ZIP64 end record is malformed"),
    (r"reject/(extra3byte|shortextra)", "has malformed extra fields"),
    (r"reject/missing_local_file", "several disks"),
    (r"reject/(non_ascii_original_name|second_unicode|unicode_extra)", "has a second name"),
    (r"reject/not", "too short for a ZIP file"),
    (r"reject/zip64_extra_csize", "reaches beyond its room"),
    (r"reject/zip64_extra_too_short", "has malformed ZIP64 sizes"),
    (r"reject/zip64_extra_usize", "is smaller than it is said to be"),
    # Accepted by warehouse: a comment, and content that is longer than the headers say.
    (r"accept/comment", "does not end as a ZIP file"),
    (r"accept/short_usize_zip64", "is stored, but with two sizes"),
    (r"accept/short_usize", "is larger than it is said to be"),
    (r"accept/", NO_SDIST),
]


def zip_files():
    root = packages.data_folder()
    folder = root / "pypi/warehouse-tests/unit/utils/zipdata" if root else None
    return sorted(folder.glob("*/*.zip")) if folder else []


@pytest.mark.parametrize("path", zip_files(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_zip_files_that_readers_differ_about_are_refused(send, path):
    with pytest.raises(Refused) as refused:
        send("zipped", Plain("zipped", "1.0", "zipped-1.0.zip"), path.read_bytes())
    wanted = next(reason for name, reason in REASONS
                  if re.match(name, f"{path.parent.name}/{path.stem}"))
    assert refused.value.step == "commit" and refused.value.answer.status == 400
    assert re.search(wanted, refused.value.answer.error), refused.value.answer.error


# --- hostile files ------------------------------------------------------------------------------

# case -> what the reason says; None: accepted, and shown harmlessly.
HOSTILE = {
    "ok": None, "description-xss": None, "rst-raw": None, "url-xss": None, "crlf": None,
    "traversal": 'member name "../../pwned.py" is not a plain relative path',
    "absolute": 'member name "/tmp/pwned.py" is not a plain relative path',
    "no-record": 'has no "evil-1.0.dist-info/RECORD"',
    "bad-record": "is not listed in RECORD",
    "name-mismatch": 'the metadata is of project "other"',
    "version-mismatch": 'the metadata is of version "2.1"',
    "two-distinfo": "two .dist-info folders",
    "bad-filename": "begins with something else than an escaped project name",
    "bad-filename2": "is not name-version[-build]-python-abi-platform.whl",
    "requires-python-xss": "Requires-Python: version specifier",
    "requires-200k": 'METADATA" is larger than 4194304 bytes',
    "metadata-9.9": 'Metadata-Version "9.9" is unknown',
    "sdist-traversal": 'has a segment ".."',
    "sdist-symlink": 'member "evil-1.0/PKG-INFO" is not a file',
    "sdist-nopkginfo": "has no PKG-INFO in its folder",
    "sdist-bomb": "unpacks to more than",
}


def hostile_files():
    root = packages.data_folder()
    if not root:
        return []
    made = root / "hostile" / "made"
    rows = [row.split("\t") for row in (made / "CASES.tsv").read_text().splitlines()[1:]]
    return [pytest.param(made / file, expected, id=file.split("/")[1])
            for file, _, expected in rows if file.startswith("pypi/")]


@pytest.mark.parametrize("path, expected", hostile_files())
def test_a_hostile_distribution(server, send, anonymous, path, expected):
    # That one is large, and made by a script only.
    data = path.read_bytes() if path.parent.name != "requires-200k" else pypi.wheel(
        "evil", "1.0", *(f"Requires-Dist: r{number}" for number in range(200000)))[1]
    wanted = HOSTILE[path.parent.name]
    assert wanted or not expected.startswith("reject ("), "CASES.tsv wants it refused"
    assert not wanted or not expected.startswith("accept"), "CASES.tsv wants it accepted"
    owner = f"evil-{path.parent.name}"[:30].replace(".", "-")
    memory = server.memory()
    try:
        upload = send(owner, Plain("evil", "1.0", path.name), data)
    except Refused as refused:
        assert wanted and wanted in refused.answer.error, refused
        assert 400 <= refused.answer.status < 500 and "\n" not in refused.answer.error
        release = anonymous.get(f"/api/release/{owner}/evil/1.0").expect(200).json()
        assert release["distributions"] == []
        anonymous.get(f"/api/download/{owner}/evil/1.0/{path.name}").expect(404)
    else:
        assert wanted is None, "was accepted"
        answer = anonymous.get("/api/download" + upload.dist_path).expect(200)
        assert answer.body == upload.data
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        shown = json.dumps(anonymous.get("/api/dist" + upload.dist_path).expect(200).json())
        assert "javascript:" not in shown and "X-Injected" not in shown
    anonymous.get("/healthz").expect(200)
    assert sanitized() or server.memory() - memory < 64 << 20, "memory of the server grew"


def test_nothing_of_them_escaped(server):
    for folder in (Path("/"), Path("/tmp"), Path.cwd(), server.data, server.data.parent):
        assert not list(folder.glob("*pwned*"))


# --- what is kept -------------------------------------------------------------------------------

def sent(send, owner, made, name, version="1.0", **how):
    basename, data = made
    return send(owner, Plain(name, version, basename, pypi.attrs_of(basename)), data, **how)


def test_a_wheel_is_shown_as_its_uploader_described_it(send, anonymous):
    made = pypi.wheel("Shown.Pkg", "1.0", "Summary: A test", tag="cp311-abi3-win_amd64")
    upload = sent(send, "alice", made, "Shown.Pkg", labels=["main", "dev"])
    dist = anonymous.get("/api/dist" + upload.dist_path).expect(200).json()
    assert dist["attrs"] == {"packagetype": "bdist_wheel", "python_version": "cp311",
                             "build_no": 0, "abi": "abi3", "platform": "win_amd64"}
    assert dist["type"] == dist["distribution_type"] == "pypi"
    assert dist["basename"] == "Shown_Pkg-1.0-cp311-abi3-win_amd64.whl"
    assert dist["labels"] == ["dev", "main"]
    assert dist["size"] == len(made[1]) and dist["sha256"] == hashlib.sha256(made[1]).hexdigest()
    package = anonymous.get("/api/package/alice/Shown.Pkg").expect(200).json()
    assert package["package_types"] == ["pypi"] and package["latest_version"] == "1.0"
    assert package["conda_platforms"] == []


@pytest.mark.parametrize("ending", [".tar.gz", ".zip", ".tar.bz2"])
def test_source_distributions_of_all_packings(send, anonymous, ending):
    made = pypi.sdist("packed", "1.0", ending=ending)
    upload = sent(send, "alice", made, "packed")
    dist = anonymous.get("/api/dist" + upload.dist_path).expect(200).json()
    assert dist["attrs"] == {"packagetype": "sdist", "python_version": "source"}
    assert anonymous.get("/api/download" + upload.dist_path).expect(200).body == made[1]


def test_one_package_holds_both_conda_and_pypi(send, publish, tiny, anonymous):
    publish("alice", tiny("twofold", "1.0"))
    sent(send, "alice", pypi.wheel("twofold", "1.0"), "twofold")
    sent(send, "alice", pypi.sdist("twofold", "1.0"), "twofold")
    package = anonymous.get("/api/package/alice/twofold").expect(200).json()
    assert package["package_types"] == ["conda", "pypi"]
    assert sorted(file["type"] for file in package["files"]) == ["conda", "pypi", "pypi"]
    release = anonymous.get("/api/release/alice/twofold/1.0").expect(200).json()
    assert len(release["distributions"]) == 3
    repodata = anonymous.get("/conda/alice/noarch/repodata.json").expect(200).json()
    assert [record["name"] for group in ("packages", "packages.conda")
            for record in repodata[group].values()] == ["twofold"]


def test_local_versions_and_epochs_are_fine(send, anonymous):
    for version, quoted in (("1.0+cu121", "1.0%2Bcu121"), ("2!1.0", "2%211.0")):
        made = pypi.wheel("spelled", version)
        upload = sent(send, "alice", made, "spelled", version)
        fully = f"/alice/spelled/{quoted}/{made[0].replace(version, quoted)}"
        for path in (upload.dist_path, fully):
            assert anonymous.get("/api/download" + path).expect(200).body == made[1]


def test_newest_version_is_that_of_python(send, anonymous):
    for version in ("1.10", "1.9", "1.10rc1", "1.10.dev3"):
        sent(send, "alice", pypi.wheel("newest", version), "newest", version)
    package = anonymous.get("/api/package/alice/newest").expect(200).json()
    assert package["latest_version"] == "1.10"


def test_the_same_file_again_is_quietly_the_same(send, anonymous):
    made = pypi.wheel("again", "1.0")
    sent(send, "alice", made, "again")
    sent(send, "alice", made, "again")
    other = (made[0], pypi.wheel("again", "1.0", "Summary: other")[1])
    with pytest.raises(Refused) as refused:
        sent(send, "alice", other, "again")
    assert (refused.value.step, refused.value.answer.status) == ("stage", 409)
    assert "exists already, with other content" in refused.value.answer.error
    files = anonymous.get("/api/package/alice/again").expect(200).json()["files"]
    assert [file["sha256"] for file in files] == [hashlib.sha256(made[1]).hexdigest()]


def test_a_release_may_be_spelled_otherwise_than_its_files(send, anonymous):
    upload = sent(send, "alice", pypi.wheel("zeros", "1.0"), "zeros", "1.0.0")
    anonymous.get("/api/download" + upload.dist_path).expect(200)
    with pytest.raises(Refused) as refused:
        sent(send, "alice", pypi.wheel("zeros", "1.1"), "zeros", "1.0.0")
    assert 'does not belong to release "1.0.0"' in refused.value.answer.error


def test_what_was_declared_must_be_so(send):
    basename, data = pypi.wheel("declared", "1.0")
    lie = pypi.attrs_of(basename) | {"python_version": "py2"}
    with pytest.raises(Refused) as refused:
        send("alice", Plain("declared", "1.0", basename, lie), data)
    assert "the upload declared another python_version" in refused.value.answer.error


def test_a_private_package_is_for_those_who_see_it(send, server, token, anonymous):
    made = pypi.wheel("hidden-wheel", "1.0")
    upload = sent(send, "alice", made, "hidden-wheel")
    owner = server.client(token=token("alice"))
    owner.request("PUT", "/api/v1/packages/alice/hidden-wheel/access",
                  json_body={"access": "private"}).expect(204)
    for path in ("/api/download", "/api/dist"):
        missing = anonymous.get(path + upload.dist_path.replace("hidden-wheel", "missing-wheel"))
        hidden = anonymous.get(path + upload.dist_path)
        assert (hidden.status, missing.status) == (404, 404)
    assert owner.get("/api/download" + upload.dist_path).expect(200).body == made[1]


def test_a_token_for_pypi_publishes_pypi_alone(server, account, publish, tiny, send):
    publish("alice", tiny("scoped-wheel", "1.0"))
    client = server.client(token=account("alice").token("wheels", scopes=["pypi:upload"]))
    basename, data = pypi.wheel("scoped-wheel", "1.0")
    Upload(client, "alice", Plain("scoped-wheel", "1.0", basename), [], data, "pypi").run()
    with pytest.raises(Refused) as refused:
        Upload(client, "alice", packages.describe(tiny("scoped-wheel", "2.0")), [], None).run()
    assert refused.value.answer.status == 403
    client.close()


def test_spellings_of_a_project_are_one_to_who_may_not_publish_to_all(server, account, token, send):
    """bob may change one package; by its name he would reach another's project."""
    sent(send, "alice", pypi.wheel("My-Tool", "1.0"), "my-tool")
    sent(send, "alice", pypi.wheel("other-tool", "1.0"), "other-tool")
    owner, account_of_bob = server.client(token=token("alice")), account("bob")
    owner.post("/api/package/alice/my_tool", {"public_attrs": {}}).expect(200)
    owner.request("PUT", "/api/packages/alice/my_tool/collaborators/bob").expect(201)
    client = account_of_bob.by_token()
    basename, data = pypi.wheel("my.tool", "2.0")
    upload = Upload(client, "alice", Plain("my_tool", "2.0", basename), [], data, "pypi")
    with pytest.raises(Refused) as refused:
        upload.run()
    assert (refused.value.step, refused.value.answer.status) == ("stage", 403)
    assert "under another spelling of its name" in refused.value.answer.error
    owner.request("PUT", "/api/packages/alice/my-tool/collaborators/bob").expect(201)
    upload.run()
    client.close()
