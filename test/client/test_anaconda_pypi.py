"""Python distributions by the unmodified anaconda-client, old and new."""
import hashlib
import itertools
import json

import pytest

from support import pypi
from support.anaconda import Anaconda, versions
from support.venvs import find_venv

# What stores have to do with it, test/api shows on each of them.
pytestmark = pytest.mark.once
ALL = versions()
NUMBERS = itertools.count()
# What does not depend on how the client reads files is told by the oldest and the newest.
ENDS = pytest.mark.parametrize("anaconda", sorted({ALL[0], ALL[-1]}), indirect=True,
                               scope="module")


@pytest.fixture(params=ALL, scope="module")
def anaconda(request, server, account, tmp_path_factory):
    """A client that has signed in, once for all, as an account of its own."""
    version = request.param
    it = Anaconda(find_venv(f".venv-anaconda-client-{version}"), version,
                  tmp_path_factory.mktemp("client") / "home", server.url + "/api")
    user = account("p" + version.replace(".", "-"))
    it.user = user.login
    it.login(user, stdin="y\n").ok()
    return it


def wheel(anaconda, name, version, *more, **how):
    """A wheel that the client can read: the oldest looks for the JSON of its time."""
    files = {}
    if anaconda.version < (1, 3):
        info = f"{name.replace('-', '_')}-{version}.dist-info"
        files[f"{info}/metadata.json"] = json.dumps(
            {"metadata_version": "2.0", "name": name, "version": version,
             "summary": "made for a test"}).encode()
    return pypi.wheel(name, version, *more, files=files, **how)


def upload(anaconda, tmp_path, made, *words):
    """Uploads a file made by support.pypi."""
    basename, data = made
    path = tmp_path / basename
    path.write_bytes(data)
    return anaconda("upload", *words, path)


def files_of(client, owner, name):
    package = client.get(f"/api/package/{owner}/{name}").expect(200).json()
    return {file["basename"]: file for file in package["files"]}


def test_wheels_and_source_distributions_are_published(anaconda, anonymous, tmp_path):
    name = f"tool-{next(NUMBERS)}"
    built = wheel(anaconda, name, "1.0", "Summary: A tool", "Requires-Dist: requests (>=2.0)",
                       "Requires-Dist: idna; extra == 'net'", "License: MIT",
                       "Home-page: https://example.org", tag="cp311-abi3-linux_x86_64",
                       body="# A tool\n")
    sdist = pypi.sdist(name, "1.0", "Summary: A tool")
    upload(anaconda, tmp_path, built).ok()
    upload(anaconda, tmp_path, sdist, "-p", name).ok()
    files = files_of(anonymous, anaconda.user, name)
    assert sorted(files) == sorted([built[0], sdist[0]])
    assert files[built[0]]["attrs"] == {
        "packagetype": "bdist_wheel", "python_version": "cp311", "build_no": 0, "abi": "abi3",
        "platform": "linux_x86_64"}
    assert files[sdist[0]]["attrs"] == {"packagetype": "sdist", "python_version": "source"}
    assert {file["type"] for file in files.values()} == {"pypi"}
    for basename, data in (built, sdist):
        assert files[basename]["sha256"] == hashlib.sha256(data).hexdigest()
    package = anonymous.get(f"/api/package/{anaconda.user}/{name}").expect(200).json()
    assert (package["package_types"], package["latest_version"]) == (["pypi"], "1.0")


@pytest.mark.parametrize("kind", ["egg", "built"])
def test_eggs_and_built_wheels_are_published(anaconda, anonymous, tmp_path, kind):
    """(Source distributions in ZIP files no client reads on Python 3.)"""
    name = f"{kind}-{next(NUMBERS)}"
    if kind == "egg":
        made = pypi.egg(name, "1.0", "py2.7")
        attrs = {"packagetype": "bdist_egg", "python_version": "py2.7"}
    else:
        made = wheel(anaconda, name, "1.0", tag="2-py3-none-any")
        attrs = {"packagetype": "bdist_wheel", "python_version": "py3", "build_no": "2",
                 "abi": None, "platform": None}
    upload(anaconda, tmp_path, made, "-t", "pypi").ok()
    assert files_of(anonymous, anaconda.user, name)[made[0]]["attrs"] == attrs


def test_real_files_of_the_clients_own_tests(anaconda, anonymous, test_data):
    """The two spell their project differently; the client makes a package of each."""
    folder = test_data / "pypi/anaconda-client-tests/tests/inspect_package/data"
    built = folder / "test_package34-0.3.1-py2-none-any.whl"
    sdist = folder / "test_package34-0.3.1.tar.gz"
    for path in (built, sdist):
        anaconda("upload", path).ok()
    shown = {}
    for name in ("test-package34", "test_package34"):
        if anonymous.get(f"/api/package/{anaconda.user}/{name}").status == 200:
            shown |= files_of(anonymous, anaconda.user, name)
    assert sorted(shown) == sorted([built.name, sdist.name])
    assert all(shown[path.name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
               for path in (built, sdist))


@ENDS
def test_what_is_published_is_shown_downloaded_and_removed(anaconda, anonymous, tmp_path):
    name = f"life-{next(NUMBERS)}"
    made = wheel(anaconda, name, "1.0", "Summary: A life")
    upload(anaconda, tmp_path, made).ok()
    spec = f"{anaconda.user}/{name}"
    anaconda("show", spec).ok().says(name, "1.0")
    anaconda("show", f"{spec}/1.0/{made[0]}").ok().says(made[0].replace("+", r"\+"))
    folder = tmp_path / "fetched"
    folder.mkdir()
    if anaconda.version >= (1, 3):
        anaconda("download", spec, "-o", folder).ok()
        assert [path.read_bytes() for path in folder.rglob("*.whl")] == [made[1]]
    anaconda("remove", "-f", f"{spec}/1.0/{made[0]}").ok()
    anonymous.get(f"/api/dist/{spec}/1.0/{made[0]}").expect(404)


@ENDS
def test_a_name_that_is_taken_is_told(anaconda, tmp_path):
    name = f"taken-{next(NUMBERS)}"
    upload(anaconda, tmp_path, wheel(anaconda, name, "1.0")).ok()
    said = upload(anaconda, tmp_path, wheel(anaconda, name, "1.0", "Summary: other"))
    assert said.code == 1
    said.says("already exist|exists already")
    upload(anaconda, tmp_path, wheel(anaconda, name, "1.0", "Summary: other"), "--force").ok()


@ENDS
def test_what_is_wrong_with_a_file_is_told(anaconda, anonymous, tmp_path):
    name = f"wrong-{next(NUMBERS)}"
    basename, data = wheel(anaconda, name, "1.0", "Requires-Python: 12")
    said = upload(anaconda, tmp_path, (basename, data))
    assert said.code == 1
    said.says('Requires-Python: version specifier "12" is not an operator')
    release = anonymous.get(f"/api/release/{anaconda.user}/{name}/1.0")
    assert release.status == 404 or release.json()["distributions"] == []


@ENDS
def test_conda_and_pypi_share_a_package(anaconda, anonymous, tmp_path, tiny):
    name = f"shared-{next(NUMBERS)}"
    anaconda("upload", tiny(name, "1.0", extension=".tar.bz2")).ok()
    made = wheel(anaconda, name, "1.0")
    upload(anaconda, tmp_path, made).ok()
    package = anonymous.get(f"/api/package/{anaconda.user}/{name}").expect(200).json()
    assert package["package_types"] == ["conda", "pypi"]
    assert len(package["files"]) == 2
