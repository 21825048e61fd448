"""Every sound package of the real ones is accepted and shown as it is; the broken ones are not."""
from concurrent.futures import ThreadPoolExecutor

import pytest

from support import channel, packages
from support.publish import Refused, Upload

# What all of them look at takes long to publish: one process does it.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("valid")]

# Packages that no client can use, by what readers of the same formats say of them (Python's
# zipfile, bz2 and tarfile, py-rattler): path below conda/, and why.
BROKEN = {
    "conda-build-tests/archives/a.tar.bz2": "its name has no version and build; no index.json",
    "conda-build-tests/archives/b.tar.bz2": "its name has no version and build; no index.json",
    "conda-build-tests/archives/subfolder.tar.bz2": "its name has no version; no index.json",
    "conda-build-tests/archives/subfolder2.tar.bz2": "its name has no version; no index.json",
    "conda-build-tests/history/nano-2.4.1-0.tar.bz2": "gzip under the name of bzip2",
    "conda-build-tests/index_data/corrupt/noarch/another_bad_package.conda": "an empty file",
    "conda-build-tests/index_data/corrupt/noarch/bad_package.tar.bz2": "not bzip2",
    "conda-index-tests/index_data/corrupt/noarch/another_bad_package.conda": "an empty file",
    "conda-index-tests/index_data/corrupt/noarch/bad_package.tar.bz2": "not bzip2",
    "cph-tests/history/pkg_with_unicode.conda": "its name has no version; no index.json",
    "cph-tests/history/pkg_with_unicode.tar.bz2": "its name has no version; no index.json",
    "mamba-tests/test-server/channel_a/linux-64/repodata.tar.bz2": "no package: an index",
    "mamba-tests/test-server/channel_a/win-64/repodata.tar.bz2": "no package: an index",
    "quetz-tests/quetz/tests/data/test-package-0.1-0_copy.tar.bz2": "named unlike its index.json",
    "rattler-tests/linux-64/ca-certificates-2024.7.4-hbcca054_0.conda":
        "zipped by hand: the components lie in a folder",
    "rattler-tests/sparse/dotslash-test-1.0.0-0.conda": "no metadata.json",
    "rattler-tests/sparse/info-only-1.0.0-0.conda": "no metadata.json, no pkg component",
    "rattler-tests/sparse/sparse-test-1.0.0-0.conda": "no metadata.json",
    "rattler-tests/sparse/symlink-test-1.0.0-0.conda": "no metadata.json",
    "rattler-tests/sparse/zip64-test-1.0.0-0.conda": "no metadata.json",
}
# Before there was "subdir" in index.json, platform and arch said it.
ARCHES = {"x86_64": "64", "x86": "32", "i386": "32"}


def all_packages():
    folder = packages.data_folder()
    if folder is None:
        return []
    return sorted(path for path in (folder / "conda").rglob("*")
                  if path.is_file() and path.name.endswith(packages.EXTENSIONS))


def below(path):
    return str(path.relative_to(packages.data_folder() / "conda"))


pytestmark = pytest.mark.skipif(not all_packages(),
                                reason="the folder of real packages is absent")


def subdir_of(path):
    index = packages.read_index(path)
    if index.get("subdir"):
        return index["subdir"]
    return f"{index['platform']}-{ARCHES[index['arch']]}"


def test_the_table_names_files_that_exist():
    known = {below(path) for path in all_packages()}
    assert set(BROKEN) <= known


@pytest.fixture(scope="module")
def uploaded(server, token):
    """Every sound package, uploaded; those of one name and different bytes to different owners."""
    owners, seen, plan = {}, {}, []
    for path in all_packages():
        if below(path) in BROKEN:
            continue
        package = packages.describe(path, subdir_of(path))
        digests = seen.setdefault(package.basename, [])
        if package.sha256 in digests:
            continue
        digests.append(package.sha256)
        owner = f"valid{len(digests)}"
        owners[owner] = token(owner)
        plan.append((owner, package))

    def one(job):
        owner, package = job
        upload = Upload(server.client(token=owners[owner]), owner, package)
        try:
            upload.run()
            return owner, package, None
        except Refused as refused:
            return owner, package, refused
        finally:
            upload.client.close()
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, plan))


def test_every_sound_package_is_accepted(uploaded):
    refused = {below(package.path): str(why) for _, package, why in uploaded if why}
    assert not refused, "\n".join(f"{path}: {why}" for path, why in refused.items())
    assert len(uploaded) > 200


def test_every_accepted_package_is_listed_as_it_is(uploaded, anonymous):
    groups = {}
    for owner, package, why in uploaded:
        if not why:
            groups.setdefault((owner, package.subdir), []).append(package)
    for (owner, subdir), members in groups.items():
        listed = channel.listed(anonymous, f"/conda/{owner}", subdir)
        assert set(listed) == {package.filename for package in members}
        for package in members:
            record = listed[package.filename]
            assert record["sha256"] == package.sha256 and record["md5"] == package.md5
            assert record["size"] == package.size and record["subdir"] == subdir
            for key in ("name", "version", "build", "build_number", "noarch", "timestamp",
                        "constrains", "license", "license_family", "track_features", "features"):
                if package.index.get(key) not in (None, False, ""):
                    assert record.get(key) == package.index[key], (package.filename, key)
            assert record["depends"] == (package.index.get("depends") or [])


def test_every_accepted_package_comes_back(uploaded, anonymous):
    for owner, package, why in uploaded:
        if not why:
            answer = anonymous.get(f"/conda/{owner}/{package.basename}").expect(200)
            assert answer.body == package.path.read_bytes()


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_package_is_refused(server, token, anonymous, name):
    path = packages.data_folder() / "conda" / name
    try:
        package = packages.describe(path, "noarch")
    except ValueError:
        stem = path.name.removesuffix(".conda").removesuffix(".tar.bz2")
        package = packages.Package(path, stem.replace("_", "-"), "1.0", "noarch", "", "", 0, {})
    if package.index.get("subdir"):
        package.subdir = package.index["subdir"]
    try:
        Upload(server.client(token=token("broken")), "broken", package).run()
    except Refused as refused:
        assert 400 <= refused.answer.status < 500, refused
        assert len(refused.answer.error) > 10
    else:
        raise AssertionError(f"{BROKEN[name]}: was accepted")
    anonymous.get(f"/conda/broken/{package.basename}").expect(404, 400)
