"""The staged upload, step by step, and everything that can be wrong with each."""
import base64
import hashlib
import threading
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from support import channel, packages
from support.http import raw, statuses
from support.publish import BOUNDARY, Refused, Upload, form_body


@pytest.fixture
def alice(server, token):
    return server.client(token=token("alice"))


@pytest.fixture
def upload(alice, tiny, request):
    """An upload of a new package, registered but not staged."""
    name = request.node.name.split("[")[0].replace("test_", "").replace("_", "-")[:50]
    number = abs(hash(request.node.name)) % 100000
    it = Upload(alice, "alice", packages.describe(tiny(f"{name}{number}")))
    it.register()
    return it


def post_form(upload, body, content_type=f"multipart/form-data; boundary={BOUNDARY}", url=None):
    parts = urlsplit(url or upload.answers["stage"].json()["post_url"])
    client = type(upload.client)(f"{parts.scheme}://{parts.netloc}")
    target = parts.path + ("?" + parts.query if parts.query else "")
    return client.request("POST", target, body=body, headers={"Content-Type": content_type})


def xml_code(answer):
    """The error that anaconda-client reads: no namespace, no DTD, a direct child Code."""
    assert b"<!DOCTYPE" not in answer.body
    root = xml.fromstring(answer.body)
    assert not root.tag.startswith("{")
    assert root.findtext("Message")
    return root.findtext("Code")


def form_of(upload, **how):
    return form_body(upload.answers["stage"].json()["form_data"], upload.package.basename,
                     upload.data, **how)


# --- stage ------------------------------------------------------------------------------------


def test_stage_answers_what_a_client_needs(upload, server):
    stage = upload.stage().json()
    assert stage["post_url"].startswith(server.url + "/")
    assert isinstance(stage["form_data"], dict)
    assert all(isinstance(value, str) for value in stage["form_data"].values())
    assert stage["dist_id"]


def test_the_post_url_follows_the_host_header(upload):
    answer = upload.client.request("POST", "/api/stage" + upload.quoted_path,
                                   headers={"Host": "packages.example.org:8443"}, json_body={
        "distribution_type": "conda", "description": None, "attrs": {}, "dependencies": None,
        "channels": []}).expect(200)
    assert answer.json()["post_url"].startswith("http://packages.example.org:8443/")


def test_an_odd_host_header_reaches_no_url(upload):
    for host in ("evil/path", "a b", "a@b", "x\"y"):
        answer = upload.client.request("POST", "/api/stage" + upload.quoted_path,
                                       headers={"Host": host}, json_body={"attrs": {}})
        answer.expect(400)


def test_staging_again_before_commit_is_fine(upload):
    first = upload.stage().json()
    second = upload.stage().json()
    assert first["post_url"] != second["post_url"]
    upload.send()
    upload.commit()


def test_stage_wants_package_and_release(alice, tiny):
    it = Upload(alice, "alice", packages.describe(tiny("unregistered")))
    with pytest.raises(Refused) as refused:
        it.stage()
    assert refused.value.answer.status == 404


def test_a_used_name_is_409_at_stage(alice, publish, tiny):
    path = tiny("used")
    publish("alice", path)
    other = packages.make(path.parent / "other", packages.index_of("used"), {"share/x": b"other"})
    for data, told in ((other.read_bytes(), True), (other.read_bytes(), False),
                       (path.read_bytes(), False)):
        it = Upload(alice, "alice", packages.describe(path), data=data)
        with pytest.raises(Refused) as refused:
            it.stage(sha256=told)
        assert refused.value.answer.status == 409
        assert "used-1.0-0.conda" in refused.value.answer.error


def test_the_same_bytes_again_succeed_quietly(alice, publish, tiny, anonymous):
    path = tiny("again")
    publish("alice", path)
    before = anonymous.get("/conda/alice/noarch/repodata.json").etag
    Upload(alice, "alice", packages.describe(path)).run()
    assert len(alice.get("/api/package/alice/again").json()["files"]) == 1
    assert anonymous.get("/conda/alice/noarch/repodata.json").etag == before


def test_other_bytes_than_those_staged_never_pass_for_the_same(alice, publish, tiny):
    """The digest of the file that is there, announced for another one."""
    path = tiny("imposter")
    publish("alice", path)
    it = Upload(alice, "alice", packages.describe(path))
    it.stage()
    it.data = packages.make(path.parent / "other", packages.index_of("imposter"),
                            {"share/x": b"other"}).read_bytes()
    with pytest.raises(Refused):
        it.send()
        it.commit()


@pytest.mark.parametrize("tail", [
    "noarch/nodashes.conda", "noarch/{name}-2.0-0.conda", "noarch/other-1.0-0.conda",
    "noarch/{name}-1.0-0.zip", "{name}-1.0-0.conda", "nosubdir/{name}-1.0-0.conda",
    "noarch/sub/{name}-1.0-0.conda", "noarch/{name}-1.0-0.conda%23x", "noarch/{name}-1.0-%3F.conda",
    "noarch/{name}-1.0-%25.conda", "noarch/{name}-1.0-a%20b.conda", "noarch/{name}-1.0-0.CONDA",
    "NOARCH/{name}-1.0-0.conda"])
def test_names_that_fit_no_channel_are_refused_at_stage(upload, tail):
    path = upload.release_path + "/" + tail.format(name=upload.package.name)
    answer = upload.client.post("/api/stage" + path, {"distribution_type": "conda", "attrs": {},
                                                      "channels": []})
    assert answer.expect(400, 422).error


@pytest.mark.parametrize("change", [
    {"channels": "main"}, {"channels": [5]}, {"channels": [""]}, {"channels": ["a b"]},
    {"channels": ["../x"]}, {"channels": ["t"]}, {"channels": ["linux-64"]},
    {"channels": ["x" * 200]}, {"sha256": "short"}, {"sha256": 5}, {"attrs": []},
    {"distribution_type": "nonsense"}, {"distribution_type": 5}, {"channels": ["nolabel"]}])
def test_malformed_fields_of_stage_are_refused(upload, change):
    body = {"distribution_type": "conda", "description": None, "attrs": {}, "dependencies": None,
            "channels": [], "sha256": upload.package.sha256, **change}
    assert upload.client.post("/api/stage" + upload.quoted_path, body).expect(400, 422).error


def test_unknown_types_are_refused_clearly(upload):
    for kind in ("exe", "Conda", "conda "):
        answer = upload.client.post("/api/stage" + upload.quoted_path, {
            "distribution_type": kind, "attrs": {}, "channels": []}).expect(400, 422)
        assert kind in answer.error


def test_staging_needs_the_owner(upload, server, token):
    body = {"distribution_type": "conda", "attrs": {}, "channels": []}
    server.client().post("/api/stage" + upload.quoted_path, body).expect(401)
    server.client(token=token("bob")).post("/api/stage" + upload.quoted_path, body).expect(403)


# --- the form ---------------------------------------------------------------------------------


def test_the_form_is_answered_201(upload):
    upload.stage()
    assert upload.send().status == 201


def test_old_clients_forms_are_understood(upload):
    """A newline after the MD5, a type at the file, a token in the header, no digest at stage."""
    upload.stage(sha256=False)
    md5 = base64.b64encode(hashlib.md5(upload.data).digest()).decode() + "\n"
    body = form_of(upload, md5=md5, file_headers=["Content-Type: application/octet-stream"])
    post_form(upload, body).expect(201)
    upload.commit()


def test_a_quoted_boundary_is_understood(upload):
    upload.stage()
    kind = f'multipart/form-data; boundary="{BOUNDARY}"'
    post_form(upload, form_of(upload), kind).expect(201)


def test_a_wrong_md5_is_invalid_digest(upload):
    upload.stage()
    body = form_of(upload, md5=base64.b64encode(b"0" * 16).decode())
    answer = post_form(upload, body).expect(400)
    assert xml_code(answer) == "InvalidDigest"


def test_other_bytes_than_staged_are_refused(upload):
    upload.stage()
    upload.data = upload.data[:-1] + b"x"
    answer = post_form(upload, form_of(upload)).expect(400)
    assert xml_code(answer)
    with pytest.raises(Refused):
        upload.commit()


def test_a_wrong_length_is_refused(upload):
    upload.stage()
    assert xml_code(post_form(upload, form_of(upload, size=len(upload.data) + 1)).expect(400))


def test_broken_forms_are_refused(upload):
    upload.stage()
    whole = form_of(upload)
    for body in (b"", b"nonsense", whole[:-40], whole[:200],
                 whole.replace(b'name="file"', b'name="x"'),
                 whole.replace(b"form-data", b"nonsense"), b"--" + BOUNDARY.encode() + b"--\r\n",
                 (b"--" + BOUNDARY.encode() + b"\r\n") * 5000,
                 whole.replace(b"Content-Disposition", b"X-" + b"a" * 20000)):
        assert xml_code(post_form(upload, body).expect(400, 413, 422)), body[:60]
    for kind in ("multipart/form-data", "application/json", "", "multipart/form-data; boundary=",
                 "multipart/form-data; boundary=" + "a" * 300, "text/plain; boundary=x"):
        post_form(upload, whole, kind).expect(400, 415)
    assert post_form(upload, whole).expect(201), "the ticket is not used up by failures"


def test_a_ticket_is_good_for_one_file(upload):
    upload.stage()
    upload.send()
    assert xml_code(post_form(upload, form_of(upload)).expect(403, 404, 409))


def test_an_unknown_ticket_is_refused(upload):
    stage = upload.stage().json()
    url, form = stage["post_url"], stage["form_data"]
    if any(len(value) > 20 for value in form.values()):
        form = {name: value[:-3] + "xyz" if len(value) > 20 else value
                for name, value in form.items()}
    else:
        url = url[:-3] + "xyz"
    body = form_body(form, upload.package.basename, upload.data)
    assert xml_code(post_form(upload, body, url=url).expect(403, 404))


def test_a_cut_upload_leaves_nothing(upload, server):
    upload.stage()
    parts = urlsplit(upload.answers["stage"].json()["post_url"])
    body = form_of(upload)
    head = (f"POST {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").replace("? ", " ").encode()
    import socket
    with socket.create_connection((parts.hostname, parts.port)) as sock:
        sock.sendall(head + body[:len(body) // 2])
    with pytest.raises(Refused) as refused:
        upload.commit()
    assert 400 <= refused.value.answer.status < 500
    upload.send()
    upload.commit()
    assert not list(server.data.glob("*/tmp/*"))


def test_an_error_is_readable_while_the_body_is_still_coming(upload, server):
    """The answer of an unknown ticket reaches a client that sends 20 MB first."""
    upload.stage()
    parts = urlsplit(upload.answers["stage"].json()["post_url"])
    body = b"a" * 20_000_000
    head = (f"POST {parts.path[:-3]}xyz HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    received = raw(server.url, head + body, timeout=60)
    assert statuses(received)[-1] in (400, 403, 404), received[:200]
    assert b"<Code>" in received


def test_a_redirect_is_never_sent(upload):
    upload.stage()
    assert post_form(upload, form_of(upload)).header("Location") is None


def test_a_file_over_the_limit_is_413(new_server, tmp_path):
    from conftest import make_account
    server = new_server(options=["--upload-max", "1M"]).start()
    client = make_account(server, "alice").by_token()
    import os
    path = packages.make(tmp_path, packages.index_of("large"), {"x": os.urandom(1 << 21)})
    it = Upload(client, "alice", packages.describe(path))
    it.register()
    it.stage()
    assert xml_code(post_form(it, form_of(it)).expect(413))


# --- commit -----------------------------------------------------------------------------------


def test_a_commit_is_visible_when_it_is_answered(upload, anonymous):
    upload.stage()
    upload.send()
    answer = upload.commit().json()
    assert isinstance(answer, dict)
    assert isinstance(answer.get("url", ""), str)
    record = channel.listed(anonymous, "/conda/alice", "noarch")[upload.package.filename]
    assert record["sha256"] == upload.package.sha256 and record["size"] == upload.package.size


def test_a_commit_without_bytes_is_refused(upload):
    upload.stage()
    with pytest.raises(Refused) as refused:
        upload.commit()
    assert refused.value.answer.status in (400, 404, 409, 422)
    assert refused.value.answer.error


def test_a_commit_wants_the_right_dist_id(upload, alice):
    upload.stage()
    upload.send()
    dist_id = upload.answers["stage"].json()["dist_id"]
    for wrong in ("x", None, 5, "", "0" * 32, {}, dist_id + "x"):
        alice.post("/api/commit" + upload.quoted_path, {"dist_id": wrong}).expect(400, 404, 422)
    alice.post("/api/commit" + upload.quoted_path, {}).expect(400, 422)
    other = upload.quoted_path.replace("-1.0-0", "-1.0-1")
    alice.post("/api/commit" + other, {"dist_id": dist_id}).expect(400, 404, 422)
    upload.commit()


def test_a_commit_happens_once(upload, alice):
    upload.run()
    answer = alice.post("/api/commit" + upload.quoted_path,
                        {"dist_id": upload.answers["stage"].json()["dist_id"]})
    answer.expect(200, 404, 409)


def test_nobody_commits_for_others(upload, server, token):
    upload.stage()
    upload.send()
    body = {"dist_id": upload.answers["stage"].json()["dist_id"]}
    server.client().post("/api/commit" + upload.quoted_path, body).expect(401)
    server.client(token=token("bob")).post("/api/commit" + upload.quoted_path, body).expect(403)
    foreign = upload.quoted_path.replace("/alice/", "/bob/", 1)
    server.client(token=token("bob")).post("/api/commit" + foreign, body).expect(404, 422, 400)
    upload.commit()


def test_a_broken_file_is_refused_at_commit_and_can_be_sent_anew(upload, anonymous):
    good = upload.data
    upload.data = b"PK\x05\x06" + b"\0" * 18
    upload.stage()
    upload.send()
    with pytest.raises(Refused) as refused:
        upload.commit()
    assert refused.value.answer.status in (400, 422)
    assert upload.package.filename in refused.value.answer.error or len(
        refused.value.answer.error) > 15
    anonymous.get("/conda/alice/" + upload.package.basename).expect(404)
    upload.data = good
    upload.stage()
    upload.send()
    upload.commit()


def test_labels_of_stage_decide_the_channels(alice, anonymous, tiny, publish):
    publish("alice", tiny("both"), labels=["main", "dev"])
    publish("alice", tiny("only-dev"), labels=["DEV"])
    publish("alice", tiny("deep"), labels=["release/xyz"])
    main = channel.listed(anonymous, "/conda/alice", "noarch")
    dev = channel.listed(anonymous, "/conda/alice/label/dev", "noarch")
    deep = channel.listed(anonymous, "/conda/alice/label/release/xyz", "noarch")
    assert "both-1.0-0.conda" in main and "only-dev-1.0-0.conda" not in main
    assert set(dev) == {"both-1.0-0.conda", "only-dev-1.0-0.conda"}
    assert set(deep) == {"deep-1.0-0.conda"}
    anonymous.get("/conda/alice/noarch/only-dev-1.0-0.conda").expect(404)
    anonymous.get("/conda/alice/label/dev/noarch/only-dev-1.0-0.conda").expect(200)
    assert channel.filenames(anonymous, "/conda/alice/label/main", "noarch") == sorted(main)


def test_one_of_many_concurrent_uploads_of_a_name_wins(server, token, tmp_path, anonymous):
    paths = [packages.make(tmp_path / str(i), packages.index_of("contested"),
                           {"share/x": str(i).encode()}) for i in range(6)]
    gate = threading.Barrier(len(paths))

    def one(path):
        client = server.client(token=token("alice"))
        it = Upload(client, "alice", packages.describe(path))
        gate.wait()
        try:
            it.run()
            return path
        except Refused as refused:
            assert refused.answer.status in (409, 404, 422, 400), refused
            return None
        except AssertionError:
            raise

    client = server.client(token=token("alice"))
    Upload(client, "alice", packages.describe(paths[0])).register()
    with ThreadPoolExecutor(len(paths)) as pool:
        winners = [path for path in pool.map(one, paths) if path]
    assert len(winners) == 1
    shown = anonymous.get("/conda/alice/noarch/contested-1.0-0.conda").expect(200)
    assert shown.body == winners[0].read_bytes()
    record = channel.listed(anonymous, "/conda/alice", "noarch")["contested-1.0-0.conda"]
    assert record["sha256"] == hashlib.sha256(shown.body).hexdigest()


def test_concurrent_uploads_of_many_names_are_all_listed(server, token, tmp_path, anonymous):
    paths = [packages.make_tiny(tmp_path, f"many{i}") for i in range(24)]

    def one(path):
        Upload(server.client(token=token("alice")), "alice", packages.describe(path)).run()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, paths))
    listed = channel.listed(anonymous, "/conda/alice", "noarch")
    assert {path.name for path in paths} <= set(listed)


def test_a_removed_name_may_be_used_again_by_default(alice, publish, tiny, anonymous):
    path = tiny("phoenix")
    first = publish("alice", path)
    alice.delete("/api/dist" + first.dist_path).expect(200)
    other = packages.make(path.parent / "new", packages.index_of("phoenix"), {"x": b"new"})
    publish("alice", other)
    fresh = anonymous.get("/conda/alice/noarch/phoenix-1.0-0.conda").expect(200)
    assert fresh.body == other.read_bytes()


def test_a_removed_name_stays_reserved_where_it_must(new_server, tiny):
    from conftest import make_account
    server = new_server(options=["--reuse-removed-names", "no"]).start()
    client = make_account(server, "alice").by_token()
    it = Upload(client, "alice", packages.describe(tiny("phoenix")))
    it.run()
    client.delete("/api/dist" + it.dist_path).expect(200)
    with pytest.raises(Refused) as refused:
        Upload(client, "alice", packages.describe(it.package.path)).run()
    assert refused.value.answer.status == 409
