"""What a channel shows: every document of a subdir, decoded, in one form."""
import hashlib
import json

import msgpack
import zstandard


def unzstd(data):
    """One whole frame and nothing after it, as the strictest clients demand."""
    decoder = zstandard.ZstdDecompressor().decompressobj()
    out = decoder.decompress(data)
    assert decoder.eof, "an incomplete frame"
    assert not decoder.unused_data, "more than one frame"
    return out


def repodata(client, channel, subdir):
    return client.get(f"{channel}/{subdir}/repodata.json").expect(200).json()


def repodata_zst(client, channel, subdir):
    return json.loads(unzstd(client.get(f"{channel}/{subdir}/repodata.json.zst").expect(200).body))


def shard_index(client, channel, subdir):
    body = client.get(f"{channel}/{subdir}/repodata_shards.msgpack.zst").expect(200).body
    return msgpack.unpackb(unzstd(body), strict_map_key=False)


def shards(client, channel, subdir):
    """The shards joined into the form of repodata.json."""
    index = shard_index(client, channel, subdir)
    joined = {"packages": {}, "packages.conda": {}}
    base = index["info"]["shards_base_url"]
    base = base[2:] if base.startswith("./") else base
    for name, digest in index["shards"].items():
        assert isinstance(digest, bytes) and len(digest) == 32
        body = client.get(f"{channel}/{subdir}/{base}{digest.hex()}.msgpack.zst").expect(200).body
        assert hashlib.sha256(body).digest() == digest, "a shard whose name is not its digest"
        shard = msgpack.unpackb(unzstd(body))
        for group in joined:
            for filename, record in shard[group].items():
                assert record["name"] == name
                joined[group][filename] = _hex_digests(record)
    return joined


def _hex_digests(record):
    return {key: value.hex() if isinstance(value, bytes) else value
            for key, value in record.items()}


def records(document):
    """filename -> record, of both groups."""
    return {**document["packages"], **document["packages.conda"]}


def without_twins(document):
    """filename -> record, less the .tar.bz2 of what is there as .conda too: mamba takes the
    worse of two in shards, so they name the better one only."""
    better = {name.removesuffix(".conda") for name in document["packages.conda"]}
    return {name: record for name, record in records(document).items()
            if name.endswith(".conda") or name.removesuffix(".tar.bz2") not in better}


def listed(client, channel, subdir):
    """filename -> record, after checking that the three indexes show the same files and facts."""
    document = repodata(client, channel, subdir)
    plain = records(document)
    packed = records(repodata_zst(client, channel, subdir))
    assert plain == packed, "repodata.json and repodata.json.zst differ"
    sharded = records(shards(client, channel, subdir))
    assert sorted(without_twins(document)) == sorted(sharded), (
        "repodata.json and the shards list other files")
    for filename, shard in sharded.items():
        different = [key for key in plain[filename] if plain[filename][key] != shard.get(key)]
        assert not different, f"{filename}: {different} differ between repodata.json and its shard"
    return plain


def filenames(client, channel, subdir):
    return sorted(records(repodata(client, channel, subdir)))
