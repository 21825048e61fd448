"""Conda packages: tiny ones made to order, and the facts of those that lie on disk."""
import bz2
import hashlib
import io
import json
import os
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import zstandard

EXTENSIONS = (".conda", ".tar.bz2")
EPOCH = (1980, 1, 1, 0, 0, 0)


def index_of(name, version="1.0", build="0", **more):
    """An index.json as conda-build writes it; `more` adds members, or with None leaves one out."""
    index = {"arch": None, "build": build, "build_number": 0, "depends": [],
             "license": "BSD-3-Clause", "name": name, "noarch": "generic", "platform": None,
             "subdir": "noarch", "timestamp": 1700000000000, "version": version}
    index.update(more)
    return {key: value for key, value in index.items()
            if value is not None or key not in more}


def stem_of(index):
    return "{name}-{version}-{build}".format(**index)


def make(folder, index, files=None, extension=".conda", about=None, run_exports=None, info=None,
         filename=None):
    """Writes a package, always the same bytes for the same arguments, and returns its path.

    files: name -> bytes of what it installs; info: more members of info/, name -> bytes."""
    files = files or {}
    info_files = {"info/index.json": _json(index),
                  "info/paths.json": _json(_paths(files)),
                  "info/files": "".join(name + "\n" for name in sorted(files)).encode(),
                  "info/about.json": _json(about or {"summary": "made for a test"})}
    if run_exports is not None:
        info_files["info/run_exports.json"] = _json(run_exports)
    info_files.update(info or {})
    path = Path(folder) / (filename or stem_of(index) + extension)
    path.parent.mkdir(parents=True, exist_ok=True)
    if str(path).endswith(".conda"):
        path.write_bytes(conda_bytes(path.name[:-len(".conda")], info_files, files))
    else:
        path.write_bytes(bz2.compress(tar_bytes({**info_files, **files})))
    return path


def make_tiny(folder, name, version="1.0", build="0", extension=".conda", **index):
    """A package that installs one file of its own."""
    files = {f"share/{name}/hello.txt": f"{name} {version} {build}\n".encode()}
    return make(folder, index_of(name, version, build, **index), files, extension)


def conda_bytes(stem, info_files, files):
    zstd = zstandard.ZstdCompressor(level=3)
    members = {"metadata.json": _json({"conda_pkg_format_version": 2}),
               f"pkg-{stem}.tar.zst": zstd.compress(tar_bytes(files)),
               f"info-{stem}.tar.zst": zstd.compress(tar_bytes(info_files))}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return out.getvalue()


def tar_bytes(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def _paths(files):
    return {"paths_version": 1,
            "paths": [{"_path": name, "path_type": "hardlink", "size_in_bytes": len(data),
                       "sha256": hashlib.sha256(data).hexdigest()}
                      for name, data in sorted(files.items())]}


def _json(value):
    return json.dumps(value, indent=2, sort_keys=True).encode()


@dataclass
class Package:
    """What an uploader says of a file."""
    path: Path
    name: str
    version: str
    subdir: str
    sha256: str
    md5: str
    size: int
    index: dict

    @property
    def filename(self):
        return self.path.name

    @property
    def basename(self):
        return f"{self.subdir}/{self.filename}"


def split_filename(filename):
    """name, version, build, extension; ValueError when it is no package's name."""
    for extension in EXTENSIONS:
        if filename.endswith(extension):
            name, version, build = filename[:-len(extension)].rsplit("-", 2)
            return name, version, build, extension
    raise ValueError(filename)


def describe(path, subdir=None):
    """Reads a package; one that cannot be read is described by its file's name."""
    path = Path(path)
    data = path.read_bytes()
    try:
        index = read_index(path)
    except Exception:  # hostile files fail in every way there is
        index = {}
    name, version, _, _ = split_filename(path.name)
    return Package(path, str(index.get("name", name)), str(index.get("version", version)),
                   subdir or str(index.get("subdir") or "noarch"),
                   hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest(), len(data),
                   index)


def read_index(path):
    return json.loads(read_members(path, {"info/index.json"})["info/index.json"])


def read_members(path, wanted=None):
    """name -> bytes of the regular files of a package (info and content alike)."""
    path = str(path)
    if path.endswith(".tar.bz2"):
        with tarfile.open(path, "r:bz2") as archive:
            return _members(archive, wanted)
    found = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.endswith(".tar.zst"):
                packed = io.BytesIO(archive.read(member))
                stream = zstandard.ZstdDecompressor().stream_reader(packed)
                with tarfile.open(fileobj=stream, mode="r|") as tar:
                    found.update(_members(tar, wanted))
    return found


def _members(archive, wanted):
    found = {}
    for member in archive:
        name = member.name[2:] if member.name.startswith("./") else member.name
        if member.isfile() and (wanted is None or name in wanted):
            found[name] = archive.extractfile(member).read()
    return found


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def data_folder():
    """The folder of real packages, or None."""
    here = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("TERRARIUM_TEST_DATA", here.parent / "shared" / "data"))
    return folder if (folder / "conda").is_dir() else None
