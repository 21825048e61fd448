"""Conda channels as clients meet them: empty, labelled, by token, consistent."""
import hashlib

import pytest

from support import channel, packages, secrets

SUBDIRS = ["noarch", "linux-32", "linux-64", "linux-aarch64", "linux-armv6l", "linux-armv7l",
           "linux-ppc64", "linux-ppc64le", "linux-riscv64", "linux-s390x", "osx-64", "osx-arm64",
           "win-32", "win-64", "win-arm64", "freebsd-64", "emscripten-wasm32", "wasi-wasm32",
           "zos-z"]
UNKNOWN = "tr-" + "A" * 46


@pytest.mark.parametrize("subdir", SUBDIRS)
def test_an_empty_channel_has_every_known_subdir(anonymous, account, subdir):
    account("empty")
    assert channel.listed(anonymous, "/conda/empty", subdir) == {}
    document = channel.repodata(anonymous, "/conda/empty", subdir)
    assert document["info"]["subdir"] == subdir
    assert document["packages"] == {} and document["packages.conda"] == {}
    index = channel.shard_index(anonymous, "/conda/empty", subdir)
    assert index["shards"] == {} and index["info"]["subdir"] == subdir
    for key in ("base_url", "shards_base_url"):
        assert isinstance(index["info"][key], str)


def test_an_absent_channel_is_404_everywhere(anonymous):
    for name in ("noarch/repodata.json", "noarch/repodata.json.zst", "channeldata.json",
                 "noarch/repodata_shards.msgpack.zst", "index.html", "noarch/x-1-0.conda"):
        anonymous.get("/conda/nobody/" + name).expect(404)


def test_an_absent_label_is_404(anonymous, account):
    account("empty")
    anonymous.get("/conda/empty/label/none/noarch/repodata.json").expect(404)


def test_records_are_of_the_file(anonymous, publish, tmp_path):
    path = packages.make(tmp_path, packages.index_of(
        "record", "1!2.0", "py3_1", build_number=1, depends=["python >=3.8", "alpha"],
        constrains=["beta <2"], track_features="x y", features="z", license_family="BSD",
        preferred_env=None), {"bin/x": b"x" * 1000})
    publish("alice", path)
    record = channel.listed(anonymous, "/conda/alice", "noarch")[path.name]
    data = path.read_bytes()
    assert record["name"] == "record" and record["version"] == "1!2.0"
    assert record["build"] == "py3_1" and record["build_number"] == 1
    assert record["depends"] == ["python >=3.8", "alpha"] and record["constrains"] == ["beta <2"]
    assert record["sha256"] == hashlib.sha256(data).hexdigest()
    assert record["md5"] == hashlib.md5(data).hexdigest()
    assert record["size"] == len(data) and record["subdir"] == "noarch"
    assert record["noarch"] == "generic" and record["timestamp"] == 1700000000000
    assert all(value is not None for value in record.values())


def test_run_exports_are_in_document_and_shard(anonymous, publish, tmp_path):
    path = packages.make(tmp_path, packages.index_of("exporter"),
                         run_exports={"weak": ["exporter >=1.0,<2"]})
    publish("alice", path)
    document = anonymous.get("/conda/alice/noarch/run_exports.json").expect(200).json()
    assert document["packages.conda"][path.name]["run_exports"] == {"weak": ["exporter >=1.0,<2"]}
    shard = channel.shards(anonymous, "/conda/alice", "noarch")["packages.conda"][path.name]
    assert shard["run_exports"] == {"weak": ["exporter >=1.0,<2"]}


def test_both_formats_of_one_stem_are_listed(anonymous, publish, tiny):
    publish("alice", tiny("twin", extension=".conda"))
    publish("alice", tiny("twin", extension=".tar.bz2"))
    document = channel.repodata(anonymous, "/conda/alice", "noarch")
    assert "twin-1.0-0.conda" in document["packages.conda"]
    assert "twin-1.0-0.tar.bz2" in document["packages"]


def test_old_shards_stay_for_clients_that_trust_an_index_for_a_day(anonymous, publish, tiny):
    publish("shardy", tiny("kept", "1.0"))
    old = channel.shard_index(anonymous, "/conda/shardy", "noarch")["shards"]["kept"].hex()
    publish("shardy", tiny("kept", "2.0"))
    assert channel.shard_index(anonymous, "/conda/shardy", "noarch")["shards"]["kept"].hex() != old
    anonymous.get(f"/conda/shardy/noarch/shards/{old}.msgpack.zst").expect(200)


def test_an_unchanged_package_keeps_its_shard(anonymous, publish, tiny):
    publish("steady", tiny("one"))
    before = channel.shard_index(anonymous, "/conda/steady", "noarch")["shards"]["one"]
    publish("steady", tiny("two"))
    assert channel.shard_index(anonymous, "/conda/steady", "noarch")["shards"]["one"] == before


def test_channeldata_names_every_package(anonymous, publish, tiny):
    publish("told", tiny("alpha", "1.2"))
    publish("told", tiny("alpha", "1.10"))
    data = anonymous.get("/conda/told/channeldata.json").expect(200).json()
    assert data["packages"]["alpha"]["version"] == "1.10"
    assert data["packages"]["alpha"]["subdirs"] == ["noarch"]
    assert data["subdirs"] == ["noarch"]


def test_html_pages_escape_what_uploaders_wrote(anonymous, publish, tmp_path):
    about = {"summary": "<script>alert(1)</script>", "home": "javascript:alert(1)",
             "description": "\"><img src=x onerror=alert(1)>"}
    publish("markup", packages.make(tmp_path, packages.index_of("markup"), about=about))
    for name in ("index.html", "noarch/index.html", "rss.xml"):
        text = anonymous.get("/conda/markup/" + name).expect(200).text
        assert "<script>alert" not in text and "<img src=x" not in text
        assert 'href="javascript:' not in text


# --- tokens in the path -----------------------------------------------------------------------

FORMS = ["/t/{token}/conda/alice", "/conda/t/{token}/alice", "/t/{token}/alice"]


@pytest.mark.parametrize("form", FORMS)
def test_a_token_may_stand_in_the_path(anonymous, account, publish, tiny, form):
    path = tiny("bytoken" + str(FORMS.index(form)))
    publish("alice", path)
    base = form.format(token=account("alice").token("path"))
    assert path.name in channel.listed(anonymous, base, "noarch")
    assert anonymous.get(f"{base}/noarch/{path.name}").expect(200).body == path.read_bytes()
    assert path.name in channel.listed(anonymous, base + "/label/main", "noarch")


@pytest.mark.parametrize("form", FORMS)
def test_an_unknown_token_in_the_path_is_401_and_told_to_nobody(anonymous, account, form):
    account("alice")
    secrets.remember(UNKNOWN[:-3])
    for token in (UNKNOWN, "x", "tr-1"):
        answer = anonymous.get(form.format(token=token) + "/noarch/repodata.json").expect(401)
        assert token not in answer.text or token == "x"
        assert answer.detail


@pytest.mark.parametrize("form", FORMS)
def test_a_revoked_token_dies_in_the_path_too(server, anonymous, account, form):
    token = account("alice").token("dying")
    url = form.format(token=token) + "/noarch/repodata.json"
    anonymous.get(url).expect(200)
    server.client(token=token).delete("/api/authentications").expect(201)
    anonymous.get(url).expect(401)


def test_a_token_without_the_scope_reads_no_channel(anonymous, account):
    token = account("alice").token("api only", scopes=["api:read"])
    for form in FORMS:
        anonymous.get(form.format(token=token) + "/noarch/repodata.json").expect(403)


def test_a_token_in_the_path_writes_nothing(anonymous, account, publish, tiny):
    publish("alice", tiny("safe"))
    token = account("alice").token("writer")
    answer = anonymous.delete(f"/t/{token}/api/package/alice/safe")
    answer.expect(400, 401, 403, 404, 405)
    anonymous.get("/api/package/alice/safe").expect(200)


def test_credentials_in_headers_read_channels(server, account):
    alice = account("alice")
    token = alice.token("headers")
    for client in (server.client(token=token), server.client(bearer=token),
                   server.client(cookie=alice.session()), server.client(basic=("x", token)),
                   server.client(basic=("alice", token)), server.client(basic=(token, ""))):
        client.get("/conda/alice/noarch/repodata.json").expect(200)


def test_wrong_credentials_in_headers_are_401(server, account):
    account("alice")
    for client in (server.client(token=UNKNOWN), server.client(bearer="x"),
                   server.client(basic=("alice", "wrong"))):
        answer = client.get("/conda/alice/noarch/repodata.json").expect(401)
        assert answer.header("WWW-Authenticate")


def test_notices_are_cheap(anonymous, account):
    account("alice")
    anonymous.get("/conda/alice/notices.json").expect(200, 404)
