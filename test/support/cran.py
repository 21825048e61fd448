"""Packages of R, made byte by byte, and CRAN-like repositories as clients read them."""
import gzip
import io
import tarfile
import zipfile

from support.publish import Plain, Upload

EPOCH = (1980, 1, 1, 0, 0, 0)


def description(name, version="1.0", **fields):
    """A DESCRIPTION with what R CMD INSTALL needs; a field None is left out."""
    fields = {"Package": name, "Version": version, "Title": f"What {name} does",
              "Description": "Made for a test.", "License": "MIT", "Author": "A",
              "Maintainer": "A <a@example.org>", **fields}
    return "".join(f"{key}: {value}\n" for key, value in fields.items() if value is not None)


def source(name, version="1.0", files=None, **fields):
    """The bytes of a source package that R can install: one function, hello()."""
    members = {"DESCRIPTION": description(name, version, **fields).encode(),
               "NAMESPACE": b"export(hello)\n",
               "R/hello.R": f'hello <- function() "{name} {version}"\n'.encode(),
               **(files or {})}
    return gzip.compress(tar_bytes({f"{name}/{member}": data for member, data in members.items()}),
                         mtime=0)


def windows(name, version="1.0", r="4.2.1", **fields):
    """The bytes of a binary package for Windows, of which only the DESCRIPTION is real."""
    built = f"R {r}; ; 2022-01-01 00:00:00 UTC; windows"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}/DESCRIPTION", EPOCH),
                         description(name, version, Built=built, **fields))
    return out.getvalue()


def tar_bytes(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def upload(client, owner, name, version, data, basename=None, labels=(), **how):
    """Publishes by the steps of anaconda-client; the answer of the commit. Raises Refused."""
    package = Plain(name, version, basename or f"{name}_{version}.tar.gz")
    return Upload(client, owner, package, labels=list(labels), data=data, kind="r", **how).run()


def publish(client, owner, filename, data, tree=None, label=None):
    """The same of a file by its name, in a tree that is not the one it would find by itself."""
    name, version = filename.removesuffix(".tar.gz").removesuffix(".zip").split("_")[:2]
    return upload(client, owner, name, version, data, f"{tree}/{filename}" if tree else filename,
                  [label] if label else [])


def records(text):
    """The records of a PACKAGES: name -> {field: value}."""
    found = {}
    for record in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in record.splitlines())
        if fields:
            assert fields["Package"] not in found, "a package is listed twice"
            found[fields["Package"]] = fields
    return found


def listed(client, base, tree="src/contrib"):
    """name -> version of what a repository lists, which its PACKAGES and PACKAGES.gz agree on."""
    plain = client.get(f"{base}/{tree}/PACKAGES").expect(200).body
    assert gzip.decompress(client.get(f"{base}/{tree}/PACKAGES.gz").expect(200).body) == plain
    return {name: fields["Version"] for name, fields in records(plain.decode()).items()}
