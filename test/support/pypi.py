"""Python distributions, as an uploader sees them; and small ones made to order."""
import base64
import email.parser
import hashlib
import io
import re
import tarfile
import zipfile

from support.publish import Plain

ENDINGS = (".whl", ".tar.gz", ".zip", ".egg", ".tar.bz2")


def metadata_of(path):
    """The METADATA or PKG-INFO in a file of any kind; None where there is none."""
    try:
        if path.name.endswith((".metadata", ".metadata23", ".metadata24")):
            return path.read_bytes()
        if path.suffix in (".whl", ".egg", ".zip"):
            with zipfile.ZipFile(path) as archive:
                names = [it for it in archive.namelist()
                         if re.fullmatch(r"[^/]+\.dist-info/METADATA|[^/]+/PKG-INFO", it)]
                return archive.read(names[0]) if names else None
        if path.name.endswith((".tar.gz", ".tar.bz2")):
            with tarfile.open(path) as archive:
                for member in archive:
                    if re.fullmatch(r"[^/]+/PKG-INFO", member.name):
                        return archive.extractfile(member).read()
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, KeyError, AttributeError):
        pass
    return None


def attrs_of(basename):
    """What anaconda-client 1.16 reads out of a file name."""
    parts = basename[:-4].split("-")
    if basename.endswith(".whl") and len(parts) in (5, 6):
        return {"packagetype": "bdist_wheel", "python_version": parts[-3],
                "build_no": 0 if len(parts) == 5 else parts[2],
                "abi": None if parts[-2] == "none" else parts[-2]}
    if basename.endswith((".egg", ".zip")):
        return {"packagetype": "bdist_egg", "python_version": "source"}
    return {"packagetype": "sdist", "python_version": "source"}


def describe(path):
    """As an uploader: name and version of the metadata, or else of the file's name."""
    message = email.parser.BytesParser().parsebytes(metadata_of(path) or b"")
    stem = next((path.name.removesuffix(end) for end in ENDINGS if path.name.endswith(end)),
                path.stem)
    name, _, version = stem.partition("-")
    if not path.name.endswith((".whl", ".egg")):
        name, _, version = stem.rpartition("-")
    version = version.partition("-")[0]
    return Plain(message["Name"] or name or "unnamed", message["Version"] or version or "0",
                 path.name, attrs_of(path.name))


def metadata(name, version, *more, body=""):
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *more]
    if not any(line.startswith("Summary:") for line in more):
        lines.append("Summary: made for a test")  # anaconda-client asks for one
    return ("\n".join(lines) + "\n" + (f"\n{body}" if body else "")).encode()


def wheel(name, version, *more, files=None, tag="py3-none-any", body=""):
    """(file name, bytes) of a wheel with such metadata."""
    escaped = re.sub(r"[-_.]+", "_", name)
    info = f"{escaped}-{version}.dist-info"
    members = {f"{escaped}.py": b"pass\n", **(files or {}),
               f"{info}/METADATA": metadata(name, version, *more, body=body),
               f"{info}/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n".encode()}
    record = [f"{path},sha256={digest(data)},{len(data)}" for path, data in members.items()]
    members[f"{info}/RECORD"] = "\n".join(record + [f"{info}/RECORD,,", ""]).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members.items():
            archive.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED)
    return f"{escaped}-{version}-{tag}.whl", out.getvalue()


def egg(name, version, python):
    """(file name, bytes) of an egg, as setuptools of old made them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in (("EGG-INFO/PKG-INFO", metadata(name, version)),
                           ("EGG-INFO/requires.txt", b"six\n"), ("demo.py", b"pass\n")):
            archive.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED)
    return f"{re.sub(r'[-_.]+', '_', name)}-{version}-{python}.egg", out.getvalue()


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def sdist(name, version, *more, ending=".tar.gz", members=()):
    """(file name, bytes) of a source distribution; members: more (name, bytes) of it."""
    stem = f"{re.sub(r'[-_.]+', '_', name)}-{version}"
    all_members = [(f"{stem}/PKG-INFO", metadata(name, version, *more)), *members]
    out = io.BytesIO()
    if ending == ".zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, data in all_members:
                archive.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED)
    else:
        with tarfile.open(fileobj=out, mode=f"w:{ending.rpartition('.')[2]}") as archive:
            for path, data in all_members:
                info = tarfile.TarInfo(path)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return stem + ending, out.getvalue()
