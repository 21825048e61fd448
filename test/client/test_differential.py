"""Our indexes against those of conda-index, record for record, over every real package.

conda-index reads the archives themselves; we serve what the upload took out of them. Where the
two differ on purpose, a table says in which field, in what way and why; a difference that no table
has fails, and so does a row of a table that nothing needs any more."""
import hashlib
import html.parser
import json
import shutil
import sys
import types
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import msgpack
import pytest
import rattler

from support import channel, packages
from support.publish import Refused

# What all of them look at takes long to publish: one process does it.
pytestmark = [pytest.mark.once, pytest.mark.slow, pytest.mark.xdist_group("differential")]

ABSENT = "absent"


def no_web_address(value):
    return isinstance(value, str) and not value.startswith(("http://", "https://"))


# field of a record -> (ours, theirs, why). ours and theirs say what stands there: a value, a type,
# or a function that knows it; only a difference that looks so is excused.
DELIBERATE_DIFFERENCES = {
    "indexed_timestamp": (int, ABSENT, "when the server published the file (CEP 47)"),
    "depends": ([], ABSENT, "clients fail on a record without depends"),
    "license": (ABSENT, None, "clients fail on some nulls, and none needs one"),
    "subdir": (str, ABSENT, "clients fail without; old packages say it in two other words"),
    "requires": (ABSENT, list, "read by no client; only known fields get into an index"),
}

# The same for an entry of channeldata.json.
CHANNELDATA_DIFFERENCES = {
    "source_url": (ABSENT, str, "out of the recipe, which is not interpreted"),
    "source_git_url": (ABSENT, str, "out of the recipe, which is not interpreted"),
    "home": (ABSENT, no_web_address, "what is no web address must not become a link"),
}

# What we refuse although it has an index.json: file -> part of the reason we give.
REFUSED = {
    "test-package-0.1-0_copy.tar.bz2": "the file name says",
    "ca-certificates-2024.7.4-hbcca054_0.conda": "data descriptor",
    "info-only-1.0.0-0.conda": 'no component "pkg-info-only-1.0.0-0.tar.zst"',
    "dotslash-test-1.0.0-0.conda": 'no component "metadata.json"',
    "sparse-test-1.0.0-0.conda": 'no component "metadata.json"',
    "symlink-test-1.0.0-0.conda": 'no component "metadata.json"',
    "zip64-test-1.0.0-0.conda": 'no component "metadata.json"',
}


# --- conda-index ------------------------------------------------------------------------------

def conda_index():
    """The module conda_index.index. Of conda, which is not on PyPI, it needs two names."""
    def stand_in(name, **members):
        module = sys.modules.setdefault(name, types.ModuleType(name))
        vars(module).update(members)

    stand_in("conda")
    stand_in("conda.models")
    stand_in("conda.models.version", VersionOrder=rattler.Version)
    stand_in("conda.base")
    stand_in("conda.base.constants", PLATFORM_DIRECTORIES=[])
    import conda_index.index
    return conda_index.index


def run_conda_index(folder, subdirs):
    index = conda_index().ChannelIndex(
        folder, "reference", subdirs=sorted({*subdirs, "noarch"}), threads=1, debug=True,
        write_zst=True, write_run_exports=True, write_shards=True, write_current_repodata=False)
    index.index(patch_generator=None)
    index.update_channeldata()


@dataclass
class Channel:
    """One channel of ours, and the folder of the same files that conda-index has indexed."""
    owner: str
    folder: object
    files: dict = field(default_factory=dict)     # basename -> packages.Package

    @property
    def subdirs(self):
        return sorted({package.subdir for package in self.files.values()})

    def reference(self, name):
        return json.loads((self.folder / name).read_text())

    def reference_shards(self, subdir):
        index = msgpack.unpackb(channel.unzstd(
            (self.folder / subdir / "repodata_shards.msgpack.zst").read_bytes()))
        return index, {name: msgpack.unpackb(channel.unzstd(
            (self.folder / subdir / f"{digest.hex()}.msgpack.zst").read_bytes()))
            for name, digest in index["shards"].items()}


# --- the channels -----------------------------------------------------------------------------

def subdir_of(package):
    """Where an uploader puts a package: old ones say it in two words, the oldest not at all."""
    index = package.index
    if index.get("subdir"):
        return index["subdir"]
    if index.get("noarch") or not (index.get("platform") and index.get("arch")):
        return "noarch"
    bits = {"x86_64": "64", "x86": "32"}.get(index["arch"], index["arch"])
    return f"{index['platform']}-{bits}"


def real_packages(test_data):
    """Every file that has a package's name and an index.json, once."""
    found = {}
    for path in sorted((test_data / "conda").rglob("*")):
        if path.is_file() and path.name.endswith(packages.EXTENSIONS):
            try:
                package = packages.describe(path)
            except ValueError:  # not a package's name
                continue
            if package.index:
                package.subdir = subdir_of(package)
                found.setdefault((package.basename, package.sha256), package)
    return list(found.values())


@pytest.fixture(scope="module")
def refused():
    """filename -> why it was refused; filled by `channels`."""
    return {}


@pytest.fixture(scope="module")
def channels(test_data, publish, refused, tmp_path_factory):
    """Files of the same name and other bytes go to channels of their own."""
    made = []
    for package in real_packages(test_data):
        place = next((it for it in made if package.basename not in it.files), None)
        if place is None:
            made.append(Channel(f"differ{len(made)}", tmp_path_factory.mktemp("reference")))
            place = made[-1]
        try:
            publish(place.owner, package.path, subdir=package.subdir)
        except Refused as why:
            refused[package.filename] = why.answer.detail
            continue
        place.files[package.basename] = package
        target = place.folder / package.basename
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(package.path, target)
    for it in made:
        run_conda_index(it.folder, it.subdirs)
    return [it for it in made if it.files]


# --- comparing --------------------------------------------------------------------------------

def looks(value, expected):
    if isinstance(expected, type):
        return isinstance(value, expected) and value is not ABSENT
    return expected(value) if callable(expected) else value == expected


class Comparison:
    """Collects what a table does not explain, and which rows of it were needed."""

    def __init__(self, table):
        self.table, self.used, self.wrong = table, set(), []

    def compare(self, where, ours, theirs):
        for key in sorted({*ours, *theirs}):
            a, b = ours.get(key, ABSENT), theirs.get(key, ABSENT)
            if a == b:
                continue
            ours_may, theirs_may, _ = self.table.get(key, (None, None, None))
            if key in self.table and looks(a, ours_may) and looks(b, theirs_may):
                self.used.add(key)
            else:
                self.wrong.append(f"{where}: {key}: ours {a!r}, conda-index {b!r}")

    def check(self):
        assert not self.wrong, f"{len(self.wrong)} differences:\n" + "\n".join(self.wrong[:100])
        unused = sorted(set(self.table) - self.used)
        assert not unused, f"no package needs these rows of the table: {unused}"


def get(client, it, path):
    return client.get(f"/conda/{it.owner}/{path}").expect(200).body


def test_only_what_the_table_names_is_refused(channels, refused):
    assert sorted(refused) == sorted(REFUSED), json.dumps(refused, indent=1)
    for name, reason in REFUSED.items():
        assert reason in refused[name], refused[name]


def test_there_is_enough_to_compare(channels):
    assert sum(len(it.files) for it in channels) > 200
    assert len({subdir for it in channels for subdir in it.subdirs}) > 5


def test_repodata_has_the_same_records(channels, anonymous):
    comparison = Comparison(DELIBERATE_DIFFERENCES)
    for it in channels:
        for subdir in it.subdirs:
            ours = json.loads(get(anonymous, it, f"{subdir}/repodata.json"))
            theirs = it.reference(f"{subdir}/repodata.json")
            for group in ("packages", "packages.conda"):
                a, b = ours.pop(group), theirs.pop(group)
                assert sorted(a) == sorted(b)
                for name in a:
                    comparison.compare(f"{subdir}/{name}", a[name], b[name])
            assert ours == theirs
    comparison.check()


def test_documents_are_serialised_as_conda_index_does(channels, anonymous):
    for it in channels:
        names = [f"{subdir}/{name}" for subdir in it.subdirs
                 for name in ("repodata.json", "run_exports.json")] + ["channeldata.json"]
        for name in names:
            body = get(anonymous, it, name)
            newline = (it.folder / name).read_bytes().endswith(b"\n")
            text = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
            assert body == text.encode() + (b"\n" if newline else b"")


def test_compressed_documents_are_the_plain_ones(channels, anonymous):
    for it in channels:
        for subdir in it.subdirs:
            for name in ("repodata.json", "run_exports.json"):
                packed = channel.unzstd(get(anonymous, it, f"{subdir}/{name}.zst"))
                assert packed == get(anonymous, it, f"{subdir}/{name}")


def test_run_exports_are_the_same(channels, anonymous):
    for it in channels:
        for subdir in it.subdirs:
            ours = json.loads(get(anonymous, it, f"{subdir}/run_exports.json"))
            theirs = it.reference(f"{subdir}/run_exports.json")
            for group in ("packages", "packages.conda"):
                for entry in theirs[group].values():
                    if isinstance(entry["run_exports"], list):  # CEP 12: the old form means weak
                        entry["run_exports"] = {"weak": entry["run_exports"]}
            assert ours == theirs


def test_shard_index_is_the_same_but_for_its_place_and_time(channels, anonymous):
    for it in channels:
        for subdir in it.subdirs:
            ours = channel.shard_index(anonymous, f"/conda/{it.owner}", subdir)
            theirs, _ = it.reference_shards(subdir)
            assert sorted(ours) == sorted(theirs)
            assert ours["version"] == theirs["version"]
            assert sorted(ours["shards"]) == sorted(theirs["shards"])
            assert sorted(ours["info"]) == sorted(theirs["info"])
            assert ours["info"]["shards_base_url"] == "./shards/"  # theirs lie beside the index
            for key in ("subdir", "base_url"):
                assert ours["info"][key] == theirs["info"][key]


def without_twins(shard):
    """mamba takes the .tar.bz2 out of a shard that has both, so ours has the .conda only."""
    stems = {name[:-len(".conda")] for name in shard["packages.conda"]}
    kept = {name: record for name, record in shard["packages"].items()
            if name[:-len(".tar.bz2")] not in stems}
    return {**shard, "packages": kept}


def test_shards_have_the_same_records(channels, anonymous):
    comparison, twins = Comparison(DELIBERATE_DIFFERENCES), 0
    for it in channels:
        for subdir in it.subdirs:
            index = channel.shard_index(anonymous, f"/conda/{it.owner}", subdir)
            for name, reference in it.reference_shards(subdir)[1].items():
                digest = index["shards"][name]
                body = get(anonymous, it, f"{subdir}/shards/{digest.hex()}.msgpack.zst")
                assert hashlib.sha256(body).digest() == digest
                ours, theirs = msgpack.unpackb(channel.unzstd(body)), without_twins(reference)
                twins += len(reference["packages"]) - len(theirs["packages"])
                assert sorted(ours) == sorted(theirs) == ["packages", "packages.conda"]
                for group in ours:
                    assert sorted(ours[group]) == sorted(theirs[group])
                    for filename, record in ours[group].items():
                        other = theirs[group][filename]
                        if isinstance(other["run_exports"], list):
                            other["run_exports"] = {"weak": other["run_exports"]}
                        if "legacy_bz2_md5" in other:  # rattler wants bytes; they leave hex
                            other["legacy_bz2_md5"] = bytes.fromhex(other["legacy_bz2_md5"])
                        comparison.compare(f"{subdir}/{filename}", record, other)
    comparison.check()
    assert twins > 0


def test_shards_are_packed_as_msgpack_python_packs_them(channels, anonymous):
    """The smallest encoding of everything, members sorted."""
    def ordered(value):
        if isinstance(value, dict):
            return {key: ordered(value[key]) for key in sorted(value)}
        return [ordered(item) for item in value] if isinstance(value, list) else value

    for it in channels:
        for subdir in it.subdirs:
            packed = channel.unzstd(get(anonymous, it, f"{subdir}/repodata_shards.msgpack.zst"))
            index = msgpack.unpackb(packed)
            assert packed == msgpack.packb(ordered(index))
            for digest in index["shards"].values():
                packed = channel.unzstd(
                    get(anonymous, it, f"{subdir}/shards/{digest.hex()}.msgpack.zst"))
                assert packed == msgpack.packb(ordered(msgpack.unpackb(packed)))


def newest_timestamps(it):
    """name -> the newest time of any of its packages, in seconds, as CEP 38 has it."""
    newest = {}
    for package in it.files.values():
        time = package.index.get("timestamp") or 0
        time = time // 1000 if time > 253402300799 else time
        newest[package.name] = max(time, newest.get(package.name, 0))
    return newest


def test_channeldata_has_the_same_entries(channels, anonymous):
    comparison = Comparison(CHANNELDATA_DIFFERENCES)
    for it in channels:
        ours = json.loads(get(anonymous, it, "channeldata.json"))
        theirs = it.reference("channeldata.json")
        a, b = ours.pop("packages"), theirs.pop("packages")
        assert ours == theirs
        assert sorted(a) == sorted(b)
        newest = newest_timestamps(it)
        for name in a:
            # conda-index keeps the time of the package that it happened to read last.
            assert a[name].pop("timestamp") == newest[name]
            del b[name]["timestamp"]
            comparison.compare(name, a[name], b[name])
    comparison.check()


class Links(html.parser.HTMLParser):
    """The addresses that a page links to, and its elements."""

    def __init__(self, page):
        super().__init__()
        self.links, self.elements = [], set()
        self.feed(page.decode())

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        assert not {name for name, _ in attrs if name == "style" or name.startswith("on")}
        self.links += [value for name, value in attrs if name == "href"]


def test_pages_link_to_every_file_and_hold_nothing_active(channels, anonymous):
    for it in channels:
        for subdir in it.subdirs:
            page = Links(get(anonymous, it, f"{subdir}/index.html"))
            names = {unquote(link) for link in page.links}
            assert names >= {package.filename for package in it.files.values()
                             if package.subdir == subdir}
            assert not page.elements & {"script", "style", "link", "img", "iframe", "base"}
        page = Links(get(anonymous, it, "index.html"))
        assert set(page.links) >= {f"{subdir}/index.html" for subdir in it.subdirs}
        assert all(link.startswith(("http://", "https://")) or not urlsplit(link).scheme
                   for link in page.links)
        assert not page.elements & {"script", "style", "link", "img", "iframe", "base"}


def test_feeds_tell_of_the_packages_of_channeldata(channels, anonymous):
    for it in channels:
        entries = json.loads(get(anonymous, it, "channeldata.json"))["packages"]
        titles = {f"{name} {entry['version']} [{', '.join(entry['subdirs'])}]"
                  for name, entry in entries.items()}
        items = ElementTree.fromstring(get(anonymous, it, "rss.xml")).findall("channel/item")
        assert len(items) == min(100, len(entries))
        assert {item.findtext("title") for item in items} <= titles
        assert len({item.findtext("guid") for item in items}) == len(items)
