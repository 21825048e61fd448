"""Documents that were put together of pieces, as others decode them: each decoder that a client may
have sees one frame, or one member, with the text in it.

The texts are generated, the same in each run: records as conda's documents have them, and what makes
encoders take the offsets that a frame begins with."""
import asyncio
import functools
import gzip
import http.server
import io
import json
import random
import shutil
import subprocess
import threading
import zlib

import pytest
import rattler
import zstandard
from backports import zstd as python_zstd

from support.server import BINARY

SEED = 20261127
DOCUMENTS = 150
pytestmark = [pytest.mark.once, pytest.mark.xdist_group("stitch")]  # one process makes the documents


def stitched(kind, parts):
    """The document of [(whether it is a piece, text)], by test/client/stitch_document.c."""
    tool = BINARY.with_name("stitch_document")
    if not tool.exists():
        pytest.skip(f"{tool} is not built")
    given = b"".join(b"%s %d\n%s" % (b"piece" if piece else b"stored", len(text), text)
                     for piece, text in parts)
    return subprocess.run([tool, kind], input=given, stdout=subprocess.PIPE, check=True).stdout


def a_record(rng):
    name = rng.choice(["numpy", "python", "zlib", "r-base", "libgcc-ng"])
    build = f"h{rng.getrandbits(28):07x}_0"
    version = f"{rng.randrange(4)}.{rng.randrange(99)}"
    about = {"build": build, "build_number": 0,
             "depends": [f"{rng.choice(['python', 'zlib'])} >={rng.randrange(9)}"
                         for _ in range(rng.randrange(5))],
             "md5": f"{rng.getrandbits(128):032x}", "name": name,
             "sha256": f"{rng.getrandbits(256):064x}", "size": rng.randrange(9999999),
             "subdir": "noarch", "timestamp": 1500000000000 + rng.getrandbits(36),
             "version": version}
    return f"{name}-{version}-{build}.conda", about


def some_records(rng, size):
    return b",".join(json.dumps(a_record(rng)).encode() for _ in range(size // 350 + 1))[:size]


def short_runs(rng, size):
    """What is begun with offset 1 wherever it is begun."""
    return b"".join(bytes([rng.randrange(97, 123)]) * rng.choice([5, 6])
                    for _ in range(size // 5 + 1))[:size]


def periods(rng, size):
    period = rng.randbytes(rng.choice([1, 3, 4, 7, 8])).replace(b"\xff", b"-")
    return (period * size)[:size] + rng.randbytes(9)


def a_text(rng):
    size = rng.choice([0, 1, 10, 300, 3000, 3000, 20000, 60000, 140000])
    return rng.choice([
        some_records, some_records, short_runs, periods,
        lambda rng, size: rng.randbytes(size),
        lambda rng, size: b"177777" + some_records(rng, size)])(rng, size)


@pytest.fixture(scope="module")
def documents():
    """[(text, its zstd frame, its gzip member)]"""
    rng = random.Random(SEED)
    found = []
    for _ in range(DOCUMENTS):
        parts = [(rng.random() < 0.8, a_text(rng)) for _ in range(rng.randrange(9))]
        found.append((b"".join(text for _, text in parts), stitched("zstd", parts),
                      stitched("gzip", parts)))
    assert sum(len(text) for text, _, _ in found) > 5_000_000
    return found


def in_bits(data):
    rng = random.Random(SEED)
    at = 0
    while at < len(data):
        size = rng.choice([1, 7, 1000, 30000])
        yield data[at:at + size]
        at += size


# --- zstd -------------------------------------------------------------------------------------

def zstd_decoder():
    return zstandard.ZstdDecompressor(max_window_size=1 << 20)


def by_one_shot(frame):
    return zstd_decoder().decompress(frame, allow_extra_data=False)


def by_reader(frame):
    with zstd_decoder().stream_reader(io.BytesIO(frame)) as reader:
        return reader.read()


def by_object(frame):
    """As those who stop at the end of the first frame."""
    decoder = zstd_decoder().decompressobj()
    text = b"".join(decoder.decompress(bit) for bit in in_bits(frame))
    assert decoder.eof and not decoder.unused_data
    return text


def by_python(frame):
    """The module of Python 3.14, which conda has in its place."""
    decoder = python_zstd.ZstdDecompressor()
    text = b"".join(decoder.decompress(bit) for bit in in_bits(frame))
    assert decoder.eof and not decoder.unused_data
    return text


@pytest.mark.parametrize("decode", [by_one_shot, by_reader, by_object, by_python,
                                    python_zstd.decompress], ids=lambda it: it.__name__)
def test_zstd_is_one_frame(documents, decode):
    for number, (text, frame, _) in enumerate(documents):
        assert zstandard.frame_content_size(frame) == len(text)
        assert decode(frame) == text, number


# --- gzip -------------------------------------------------------------------------------------

def by_zlib(member):
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    text = b"".join(decoder.decompress(bit) for bit in in_bits(member))
    assert decoder.eof and not decoder.unused_data
    return text


@pytest.mark.parametrize("decode", [gzip.decompress, by_zlib], ids=lambda it: it.__name__)
def test_gzip_is_one_member(documents, decode):
    for number, (text, _, member) in enumerate(documents):
        assert decode(member) == text, number


# Reads members, each after its size as a line; writes the texts so.
NODE = """
const zlib = require("node:zlib")
const given = require("node:fs").readFileSync(0)
for (let at = 0; at < given.length;) {
    const end = given.indexOf(10, at)
    const size = Number(given.subarray(at, end).toString())
    const text = zlib.gunzipSync(given.subarray(end + 1, end + 1 + size))
    require("node:fs").writeSync(1, text.length + "\\n")
    for (let done = 0; done < text.length;)
        done += require("node:fs").writeSync(1, text, done)
    at = end + 1 + size
}
"""


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_node_reads_the_member(documents, tmp_path):
    given = b"".join(b"%d\n%s" % (len(member), member) for _, _, member in documents)
    out = tmp_path / "texts"
    with out.open("wb") as file:
        subprocess.run(["node", "-e", NODE], input=given, stdout=file, check=True, timeout=120)
    assert out.read_bytes() == b"".join(b"%d\n%s" % (len(text), text) for text, _, _ in documents)


# --- a client ---------------------------------------------------------------------------------

def of_records(records):
    return ",".join(f"{json.dumps(name)}:{json.dumps(about)}"
                    for name, about in records.items()).encode()


def read_by_rattler(url, cache):
    """name of file -> SHA-256"""
    cache.mkdir()
    (data,) = asyncio.run(rattler.fetch_repo_data(
        channels=[rattler.Channel(url)], platforms=[rattler.Subdir("noarch")], cache_path=cache,
        callback=None))
    return {record.file_name: record.sha256.hex()
            for name in data.package_names() for record in data.load_records(name)}


def test_rattler_reads_repodata_of_pieces(tmp_path):
    rng = random.Random(SEED)
    records = {}
    parts = [(False, b'{"info":{"subdir":"noarch"},"packages":{},"packages.conda":{')]
    for number in range(12):
        chunk = dict(a_record(rng) for _ in range(250))
        if number:  # begins with what would ask for an offset before it
            _, about = a_record(rng)
            about |= {"name": "77777x", "version": str(number), "build": "0"}
            chunk = {f"77777x-{number}-0.conda": about} | chunk
        parts += [(False, b",")] * bool(number) + [(True, of_records(chunk))]
        records |= chunk
    parts.append((False, b'},"removed":[],"repodata_version":1}'))
    folder = tmp_path / "noarch"
    folder.mkdir()
    folder.joinpath("repodata.json.zst").write_bytes(stitched("zstd", parts))

    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,),
                 {"log_message": lambda *args: None})
    handler = functools.partial(quiet, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            found = read_by_rattler(f"http://127.0.0.1:{server.server_port}/", tmp_path / "cache")
        finally:
            server.shutdown()
    assert len(found) > 3000
    assert found == {name: about["sha256"] for name, about in records.items()}
