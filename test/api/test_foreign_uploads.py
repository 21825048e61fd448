"""Uploads as the clients of other servers send them: quetz, prefix.dev, Artifactory. The requests are
those of rattler_upload 0.10 (rattler-build, pixi) and quetz-client 0.5, as they were recorded."""
import hashlib

import pytest

from conftest import make_account
from support import channel, packages
from support.publish import BOUNDARY, FORM_HEADERS, form_of

RATTLER = {"Accept": "*/*", "User-Agent": "rattler_upload/0.10.0", "Accept-Encoding": "deflate"}


@pytest.fixture(scope="module")
def key(account):
    return account("alice").token("key")


@pytest.fixture
def call(server):
    client = server.client()
    yield lambda method, target, body, **headers: client.request(
        method, target, body=body, headers={**RATTLER, **headers})
    client.close()


def chunks(data):
    """What has no length is sent in chunks."""
    return iter([data[at:at + 8192] for at in range(0, len(data), 8192)])


def quetz(call, path, key, query="", owner="alice", data=None):
    data = path.read_bytes() if data is None else data
    sha256 = hashlib.sha256(data).hexdigest()
    headers = {"x-api-key": key} if key else {}
    return call("POST", f"/api/channels/{owner}/upload/{path.name}?force=false&sha256={sha256}{query}",
                chunks(data), **headers)


def prefix(call, path, key, query="", owner="alice", data=None, sha256=None, more=()):
    data = path.read_bytes() if data is None else data
    form = form_of(("file", path.name, data, "content-type: application/octet-stream",
                    f"content-length: {len(data)}", f"x-file-name: {path.name}",
                    f"x-file-sha256: {sha256 or hashlib.sha256(data).hexdigest()}"), *more)
    return call("POST", f"/api/v1/upload/{owner}{query}", form, **FORM_HEADERS,
                **({"authorization": f"Bearer {key}"} if key else {}))


def artifactory(call, path, key, owner="alice", subdir="noarch", data=None, base="/artifactory"):
    data = path.read_bytes() if data is None else data
    return call("PUT", f"{base}/{owner}/{subdir}/{path.name}", chunks(data),
                **({"authorization": f"Bearer {key}"} if key else {}))


TOOLS = {"quetz": quetz, "prefix": prefix, "artifactory": artifactory}


@pytest.fixture(params=TOOLS)
def upload(request):
    return TOOLS[request.param]


@pytest.fixture
def path(tiny, request):
    """A package that no other test has."""
    path.number = getattr(path, "number", 0) + 1
    return tiny(f"p{path.number}")


def test_a_package_is_installed_after_its_upload(call, upload, path, key, anonymous):
    made = upload(call, path, key).expect(201).json()
    assert made["basename"] == f"noarch/{path.name}" and made["labels"] == ["main"]
    assert path.name in channel.listed(anonymous, "/conda/alice", "noarch")
    assert anonymous.get(f"/conda/alice/noarch/{path.name}").expect(200).body == path.read_bytes()
    upload(call, path, key).expect(200)


def test_each_refusal_has_the_status_that_tools_know(server, account, call, upload, path, key):
    upload(call, path, None).expect(401)
    upload(call, path, "tr-" + "A" * 46).expect(401)
    bob = account("bob").token("bob")
    assert upload(call, path, bob).expect(403).detail == (
        f'"bob" may not publish or change "alice/{path.name.split("-")[0]}"')
    upload(call, path, key, owner="nobody").expect(403)
    answer = upload(call, path.with_suffix(".tar.bz2"), key, data=b"no package")
    assert answer.expect(400).detail.startswith("not bzip2 data")
    upload(call, path, key).expect(201)
    name = path.name.split("-")[0]
    other = packages.make(path.parent / "other", packages.index_of(name), {"share/x": b"other"})
    answer = upload(call, other, key).expect(409)
    assert "exists already, with other content" in answer.detail


def test_other_bytes_can_be_forced(call, path, key, anonymous):
    name = path.name.split("-")[0]
    other = packages.make(path.parent / "other", packages.index_of(name), {"share/x": b"other"})
    quetz(call, path, key).expect(201)
    prefix(call, other, key, "?force=true").expect(201)
    assert anonymous.get(f"/conda/alice/noarch/{path.name}").expect(200).body == other.read_bytes()
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    call("POST", f"/api/channels/alice/upload/{path.name}?force=True&sha256={digest}",
         path.read_bytes(), **{"X-API-Key": key}).expect(201)
    assert anonymous.get(f"/conda/alice/noarch/{path.name}").expect(200).body == path.read_bytes()


def test_a_wrong_digest_is_refused(call, path, key, anonymous):
    wrong = "0" * 64
    for answer in (
            call("POST", f"/api/channels/alice/upload/{path.name}?sha256={wrong}",
                 path.read_bytes(), **{"X-API-Key": key}),
            prefix(call, path, key, sha256=wrong),
            call("POST", "/api/v1/upload/alice", path.read_bytes(), authorization=f"Bearer {key}",
                 **{"X-File-Name": path.name, "X-File-SHA256": wrong}),
            call("PUT", f"/artifactory/alice/noarch/{path.name}", path.read_bytes(),
                 **{"X-JFrog-Art-Api": key, "X-Checksum-Sha256": wrong})):
        assert answer.expect(400).detail.startswith(f"sha256 was declared as {wrong}")
    anonymous.get(f"/api/package/alice/{path.name.split('-')[0]}").expect(404)


def test_quetz_takes_several_files_in_a_form(call, key, tiny, anonymous):
    paths = [tiny("many", "1.0"), tiny("many", "2.0"), tiny("many", "2.0", extension=".tar.bz2")]
    form = form_of(*[("files", path.name, path.read_bytes()) for path in paths], ("force", "false"))
    answer = call("POST", "/api/channels/alice/files/", form, **FORM_HEADERS, **{"X-API-Key": key})
    assert [it["basename"] for it in answer.expect(201).json()] == [
        f"noarch/{path.name}" for path in paths]
    assert {path.name for path in paths} <= set(
        channel.filenames(anonymous, "/conda/alice", "noarch"))
    # Without the slash it is the label "files" that anaconda-client asks about.
    call("POST", "/api/channels/alice/files", b'{"package": "many", "version": null, "basename": null}',
         authorization=f"token {key}", **{"Content-Type": "application/json"}).expect(201)
    assert len(channel.filenames(anonymous, "/conda/alice/label/files", "noarch")) == 3


def test_prefix_takes_a_body_with_headers_and_a_label(call, path, key, anonymous):
    call("POST", "/api/v1/upload/alice/label/dev/new", path.read_bytes(),
         authorization=f"Bearer {key}", **{"X-File-Name": path.name,
                                           "X-File-SHA256": packages.sha256_of(path)}).expect(201)
    assert path.name in channel.filenames(anonymous, "/conda/alice/label/dev/new", "noarch")
    assert path.name not in channel.filenames(anonymous, "/conda/alice", "noarch")


def test_attestations_are_not_dropped_quietly(call, path, key, anonymous):
    answer = prefix(call, path, key, more=[("attestation", "{}")]).expect(422)
    assert answer.json()["field"] == "attestation"
    anonymous.get(f"/api/package/alice/{path.name.split('-')[0]}").expect(404)


@pytest.mark.parametrize("base", ["/artifactory", "/conda"])
def test_artifactory_takes_every_way_of_saying_who_one_is(server, call, path, key, base, anonymous):
    target = f"{base}/alice/label/{base.strip('/')}/noarch/{path.name}"
    call("PUT", target, path.read_bytes(), **{"X-Checksum-Deploy": "true",
                                              "X-JFrog-Art-Api": key}).expect(404)
    call("PUT", target, path.read_bytes(), **{"X-JFrog-Art-Api": key}).expect(201)
    server.client(basic=("alice", key)).request("PUT", target, body=path.read_bytes()).expect(200)
    server.client(token=key).request("PUT", target, body=path.read_bytes()).expect(200)
    assert path.name in channel.filenames(
        anonymous, f"/conda/alice/label/{base.strip('/')}", "noarch")
    assert "subdir" in artifactory(call, path, key, subdir="linux-64", base=base).expect(400).detail


def test_a_package_that_is_too_large_is_refused(new_server, tiny):
    small = new_server(env={"TERRARIUM_UPLOAD_MAX": "1M"}).start()
    token = make_account(small, "alice").token()
    client = small.client()
    path = packages.make(tiny("large").parent, packages.index_of("large", "2.0"),
                         {"share/x": bytes(hashlib.shake_256(b"x").digest(1200000))})

    def ask(method, target, body, **headers):
        return client.request(method, target, body=body, headers=headers)
    for upload in (quetz, prefix, artifactory):
        answer = upload(ask, path, token).expect(413)
        assert "larger than" in answer.detail


def test_no_key_is_in_a_log(server, call, path, key):
    quetz(call, path, key).expect(201)
    quetz(call, path, key[:-1] + "x").expect(401)
    call("PUT", f"/conda/alice/noarch/{path.name}", path.read_bytes(),
         **{"X-JFrog-Art-Api": key}).expect(200)
    log = server.log_path.read_text()
    assert "who=alice token=key" in log
    assert key[3:20] not in log and BOUNDARY not in log
