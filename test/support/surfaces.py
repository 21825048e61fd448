"""Everything that tells a caller of an owner's packages, each surface read by itself."""
import json
import re
from urllib.parse import quote

from support import channel

RAW = "/+!@:,=&$'()*;[]~"


def documents(client, base, subdir):
    """What each document of a channel's subdir names: surface -> set of file names."""
    found = {}
    plain = client.get(f"{base}/{subdir}/repodata.json").expect(200)
    found["repodata.json"] = set(channel.records(plain.json()))
    coded = client.get(f"{base}/{subdir}/repodata.json", accept_encoding="zstd").expect(200)
    text = channel.unzstd(coded.body) if coded.header("Content-Encoding") == "zstd" else coded.body
    found["repodata.json in zstd"] = set(channel.records(json.loads(text)))
    found["repodata.json.zst"] = set(channel.records(channel.repodata_zst(client, base, subdir)))
    found["shards"] = set(channel.records(channel.shards(client, base, subdir)))
    exports = client.get(f"{base}/{subdir}/run_exports.json").expect(200).json()
    found["run_exports.json"] = set(exports["packages"]) | set(exports["packages.conda"])
    packed = client.get(f"{base}/{subdir}/run_exports.json.zst").expect(200).body
    exports = json.loads(channel.unzstd(packed))
    found["run_exports.json.zst"] = set(exports["packages"]) | set(exports["packages.conda"])
    page = client.get(f"{base}/{subdir}/").expect(200).text
    found["page"] = set(re.findall(r'href="([^"/]+\.(?:conda|tar\.bz2))"', page))
    return found


def overviews(client, base, names):
    """The same for a whole channel: surface -> set of those of the names that are met."""
    data = client.get(f"{base}/channeldata.json").expect(200).json()
    feed = client.get(f"{base}/rss.xml").expect(200).text
    page = client.get(f"{base}/").expect(200).text
    return {"channeldata.json": set(data["packages"]),
            "rss.xml": {name for name in names if re.search(rf"\b{re.escape(name)}\b", feed)},
            "channel page": {name for name in names if re.search(rf"\b{re.escape(name)}\b", page)}}


def answers(client, path, there):
    """GET, HEAD and a range of one address tell the same."""
    for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=0-0"})):
        status = client.request(method, path, headers=headers).status
        wanted = (206 if headers and path.endswith((".conda", ".bz2", ".svg")) and "/dist/" not in path
                  else 200) if there else 404
        assert status == wanted, f"{method} {headers} {path}: {status}, not {wanted}"


def searches(client, owner, names):
    """The same for searches: each way of asking -> set of those of the names that are found."""
    def by(query):
        answer = client.get(f"/api/v1/search?owner={owner}&limit=100{query}").expect(200).json()
        assert answer["total"] == len(answer["items"]) and answer["next"] is None
        return {it["name"] for it in answer["items"] if it["owner"] == owner} & names
    asked = {"by owner": by("")}
    asked["by name"] = {name for name in names if name in by(f"&q={quote(name)}")}
    asked["anaconda search"] = {
        name for name in names for it in client.get(
            f"/api/search?name={owner}/{quote(name)}").expect(200).json() if it["name"] == name}
    return asked


def file_addresses(owner, package, label=None):
    """Every address of one file, and of what is above it."""
    dist = f"{owner}/{quote(package.name)}/{quote(package.version, RAW)}"
    base = f"/conda/{owner}" + (f"/label/{label}" if label else "")
    return [f"/api/package/{owner}/{quote(package.name)}", f"/api/release/{dist}",
            f"/api/dist/{dist}/{quote(package.basename, RAW)}",
            f"/api/download/{dist}/{quote(package.basename, RAW)}",
            f"/api/v1/packages/{owner}/{quote(package.name)}/downloads",
            f"/badges/{owner}/{quote(package.name)}/version.svg",
            f"{base}/{quote(package.basename, RAW)}"]


def check(client, owner, everything, seen, label=None):
    """The caller sees exactly these packages of an owner, on every surface. everything, seen:
    packages.Package; all with files in the label's channel."""
    base = f"/conda/{owner}" + (f"/label/{label}" if label else "")
    seen_names = {it.name for it in seen}
    for subdir in {it.subdir for it in everything} | {"noarch"}:
        wanted = {it.filename for it in seen if it.subdir == subdir}
        for surface, found in documents(client, base, subdir).items():
            assert found == wanted, f"{base}/{subdir}: {surface}"
    for surface, found in overviews(client, base, {it.name for it in everything}).items():
        assert found == seen_names, f"{base}: {surface}"
    listed = {it["name"] for it in client.get(f"/api/packages/{owner}").expect(200).json()}
    assert listed >= seen_names
    assert not listed & ({it.name for it in everything} - seen_names), "/api/packages"
    for surface, names in searches(client, owner, {it.name for it in everything}).items():
        assert names == seen_names, f"search {surface}"
    counted = client.get(f"/api/v1/accounts/{owner}/downloads").expect(200).json()["packages"]
    assert {it["name"] for it in counted} & {it.name for it in everything} == seen_names
    for package in everything:
        for path in file_addresses(owner, package, label):
            answers(client, path, package in seen)
