"""HTTP as clients rely on it: validators, conditions, ranges, HEAD, errors, keep-alive."""
import email.utils
import os
import socket
from urllib.parse import urlsplit

import pytest

from support import channel, packages
from support.http import drain, statuses

CHANNEL = "/conda/alice"
DOCUMENTS = ["noarch/repodata.json", "noarch/repodata.json.zst",
             "noarch/repodata_shards.msgpack.zst", "noarch/run_exports.json",
             "noarch/run_exports.json.zst", "noarch/index.html", "linux-64/repodata.json",
             "linux-64/repodata.json.zst", "linux-64/repodata_shards.msgpack.zst",
             "channeldata.json", "index.html", "rss.xml"]
BIG = "noarch/large-1.0-0.tar.bz2"
SMALL = "noarch/alpha-1.0-0.conda"
FILES = [SMALL, BIG]


@pytest.fixture(scope="module", autouse=True)
def content(publish_all, tmp_path_factory):
    """A small package, and one that is too large for answers out of memory."""
    folder = tmp_path_factory.mktemp("content")
    noise = os.urandom(700_000)
    large = packages.make(folder, packages.index_of("large"), {"share/noise": noise}, ".tar.bz2")
    small = packages.make_tiny(folder, "alpha")
    publish_all("alice", [small, large])
    return {SMALL: small.read_bytes(), BIG: large.read_bytes()}


@pytest.fixture(scope="module")
def urls(server, content):
    """Every URL of the channel that has a representation."""
    client = server.client()
    index = channel.shard_index(client, CHANNEL, "noarch")
    shards = [f"noarch/shards/{digest.hex()}.msgpack.zst" for digest in index["shards"].values()]
    return [f"{CHANNEL}/{name}" for name in DOCUMENTS + FILES + shards]


# --- validators -------------------------------------------------------------------------------


def test_every_document_has_a_strong_etag_of_its_own(anonymous, urls):
    seen = {}
    for url in urls:
        etag = anonymous.get(url).expect(200).etag
        assert etag and etag.startswith('"') and etag.endswith('"') and len(etag) > 10, url
        assert etag not in seen, f"{url} and {seen[etag]} share an ETag"
        seen[etag] = url


def test_etags_differ_between_channels_of_equal_content(anonymous, account):
    account("empty1")
    account("empty2")
    one, two = (anonymous.get(f"/conda/{login}/noarch/repodata.json").expect(200)
                for login in ("empty1", "empty2"))
    assert one.body == two.body
    label = anonymous.get("/conda/empty1/linux-64/repodata.json").expect(200)
    assert label.etag != one.etag


def test_an_equal_etag_gives_304_without_a_body(anonymous, urls):
    for url in urls:
        full = anonymous.get(url)
        again = anonymous.get(url, if_none_match=full.etag).expect(304)
        assert again.body == b""
        # RFC 9110 8.6: none, or that of the document, which is not sent.
        assert again.header("Content-Length") in (None, full.header("Content-Length"))
        assert again.header("Content-Type") is None
        assert again.etag == full.etag
        assert again.header("Cache-Control") == full.header("Cache-Control")
        assert again.header("Date")


@pytest.mark.parametrize("condition", ['W/{etag}', '"other", {etag}', '"a",W/"b" , {etag}', "*"])
def test_if_none_match_takes_lists_weak_tags_and_the_star(anonymous, urls, condition):
    for url in (urls[0], f"{CHANNEL}/{BIG}"):
        etag = anonymous.get(url).etag
        anonymous.get(url, if_none_match=condition.format(etag=etag)).expect(304)


@pytest.mark.parametrize("condition", ['"other"', '', 'nonsense', '"'])
def test_another_etag_gives_the_document(anonymous, urls, condition):
    anonymous.get(urls[0], if_none_match=condition).expect(200)


def test_if_none_match_wins_over_if_modified_since(anonymous, urls):
    future = email.utils.formatdate(4102444800, usegmt=True)
    past = email.utils.formatdate(0, usegmt=True)
    for url in urls[:3]:
        etag = anonymous.get(url).etag
        anonymous.get(url, if_none_match='"other"', if_modified_since=future).expect(200)
        anonymous.get(url, if_none_match=etag, if_modified_since=past).expect(304)


def test_if_modified_since_works_alone(anonymous, urls):
    for url in (urls[0], urls[1], f"{CHANNEL}/{SMALL}"):
        modified = anonymous.get(url).header("Last-Modified")
        assert modified, url
        anonymous.get(url, if_modified_since=modified).expect(304)
        anonymous.get(url, if_modified_since=email.utils.formatdate(0, usegmt=True)).expect(200)
        anonymous.get(url, if_modified_since="yesterday").expect(200)


def test_the_tag_of_one_document_is_not_valid_for_another(anonymous, urls):
    tags = {url: anonymous.get(url).etag for url in urls}
    for url in urls:
        for other, tag in tags.items():
            if other != url:
                anonymous.head(url, if_none_match=tag).expect(200)


def test_a_publish_changes_the_etag_of_each_index(anonymous, publish, tiny, urls):
    indexes = [f"{CHANNEL}/noarch/{name}" for name in
               ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst",
                "run_exports.json", "run_exports.json.zst")] + [f"{CHANNEL}/channeldata.json"]
    before = {url: anonymous.get(url).etag for url in indexes}
    publish("alice", tiny("later"))
    for url in indexes:
        after = anonymous.get(url, if_none_match=before[url]).expect(200)
        assert after.etag != before[url]


# --- ranges -----------------------------------------------------------------------------------


@pytest.fixture(params=FILES)
def file(request, content):
    """URL and bytes of a package, from memory and from disk."""
    return f"{CHANNEL}/{request.param}", content[request.param]


@pytest.mark.parametrize("wanted, first, last", [
    ("bytes=0-0", 0, 0), ("bytes=0-9", 0, 9), ("bytes=100-", 100, None), ("bytes=-7", -7, None),
    ("bytes=5-99999999", 5, None), ("bytes=-99999999", 0, None), ("Bytes=1-2", 1, 2)])
def test_a_range_is_that_part(anonymous, file, wanted, first, last):
    url, data = file
    first = len(data) + first if first < 0 else first
    last = len(data) - 1 if last is None else last
    part = anonymous.get(url, range=wanted).expect(206)
    assert part.body == data[first:last + 1]
    assert part.header("Content-Range") == f"bytes {first}-{last}/{len(data)}"
    assert part.header("Content-Length") == str(last + 1 - first)
    assert part.etag == anonymous.get(url).etag


@pytest.mark.parametrize("beyond", [0, 1, 10**30])
def test_a_range_behind_the_end_is_416(anonymous, file, beyond):
    url, data = file
    answer = anonymous.get(url, range=f"bytes={len(data) + beyond}-").expect(416)
    assert answer.header("Content-Range") == f"bytes */{len(data)}"
    answer = anonymous.get(url, range="bytes=-0").expect(416)
    assert answer.header("Content-Range") == f"bytes */{len(data)}"


@pytest.mark.parametrize("wanted", [
    "bytes=", "bytes=-", "bytes=a-b", "bytes=9-3", "bytes=1-2x", "lines=1-2", "bytes 1-2",
    "bytes=0-1,5-6", "bytes=--5", "bytes=0x1-2", "bytes=1.5-2"])
def test_a_malformed_or_multiple_range_gives_everything(anonymous, file, wanted):
    url, data = file
    answer = anonymous.get(url, range=wanted).expect(200)
    assert answer.body == data
    assert answer.header("Content-Range") is None


def test_if_range_holds_only_for_the_same_strong_tag(anonymous, file):
    url, data = file
    full = anonymous.get(url)
    assert full.header("Accept-Ranges") == "bytes"
    anonymous.get(url, range="bytes=0-3", if_range=full.etag).expect(206)
    assert anonymous.get(url, range="bytes=0-3", if_range='"other"').expect(200).body == data
    assert anonymous.get(url, range="bytes=0-3", if_range="W/" + full.etag).expect(200).body == data


def test_a_condition_is_judged_before_a_range(anonymous, file):
    url, _ = file
    etag = anonymous.get(url).etag
    anonymous.get(url, range="bytes=0-3", if_none_match=etag).expect(304)
    anonymous.get(url, range="bytes=0-3", if_none_match='"other"').expect(206)


def test_indexes_have_ranges_too(anonymous, urls):
    for url in urls[:3]:
        full = anonymous.get(url, accept_encoding="identity")
        part = anonymous.get(url, range="bytes=3-8", accept_encoding="identity").expect(206)
        assert part.body == full.body[3:9]


# --- HEAD, headers ----------------------------------------------------------------------------


def headers_of(answer):
    return sorted((name, value) for name, value in answer.headers.items() if name != "Date")


def test_head_answers_as_get_does(anonymous, urls):
    for url in [*urls, "/conda/nobody/noarch/repodata.json", f"{CHANNEL}/noarch/no-1-0.conda",
                "/api", "/api/user", "/api/user/alice", "/nothing"]:
        get, head = anonymous.get(url), anonymous.head(url)
        assert head.status == get.status, url
        assert head.body == b""
        assert headers_of(head) == headers_of(get), url


def test_head_ignores_ranges_and_obeys_conditions(anonymous, file):
    url, data = file
    head = anonymous.head(url, range="bytes=0-3").expect(200)
    assert head.header("Content-Length") == str(len(data))
    anonymous.head(url, if_none_match=head.etag).expect(304)


def test_every_answer_has_length_and_date(anonymous, urls):
    for url in [*urls, "/nothing", "/api/user/nobody"]:
        answer = anonymous.get(url)
        assert answer.header("Content-Length") == str(len(answer.body)), url
        assert email.utils.parsedate_to_datetime(answer.header("Date"))


@pytest.mark.parametrize("name, media_type", [
    ("noarch/repodata.json", "application/json"), ("noarch/repodata.json.zst", "application/zstd"),
    ("noarch/repodata_shards.msgpack.zst", "application/octet-stream"),
    ("noarch/run_exports.json", "application/json"),
    ("noarch/run_exports.json.zst", "application/zstd"),
    ("channeldata.json", "application/json"), ("index.html", "text/html"), ("rss.xml", "xml"),
    (SMALL, "application/octet-stream"), (BIG, "application/octet-stream")])
def test_media_types(anonymous, name, media_type):
    answer = anonymous.get(f"{CHANNEL}/{name}").expect(200)
    assert media_type in answer.header("Content-Type")
    assert answer.header("X-Content-Type-Options") == "nosniff"


def test_caching_is_public_and_explicit(anonymous, urls):
    for url in urls:
        control = anonymous.get(url).header("Cache-Control")
        assert control and "max-age=" in control, url
        assert "public" in control and "private" not in control and "no-store" not in control, url
        assert anonymous.get(url).header("Vary") != "*"
    shard = [url for url in urls if "/shards/" in url][0]
    assert "immutable" in anonymous.get(shard).header("Cache-Control")


def test_compressed_files_are_never_encoded_again(anonymous, urls):
    for url in urls:
        answer = anonymous.get(url, accept_encoding="gzip, deflate, br, zstd").expect(200)
        coding = answer.header("Content-Encoding")
        if url.endswith((".json", ".html", ".xml")):
            plain = anonymous.get(url, accept_encoding="identity").expect(200)
            if coding:
                assert answer.etag != plain.etag and "Accept-Encoding" in answer.header("Vary")
        else:
            assert coding is None, url


def test_browsers_of_other_origins_may_read_channels(anonymous, urls):
    for url in urls:
        answer = anonymous.get(url, origin="https://example.org")
        assert answer.header("Access-Control-Allow-Origin") == "*", url


def test_html_pages_of_channels_run_nothing(anonymous):
    for name in ("index.html", "noarch/index.html"):
        policy = anonymous.get(f"{CHANNEL}/{name}").header("Content-Security-Policy")
        assert policy and ("default-src 'none'" in policy or "script-src 'none'" in policy)


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [
    "/conda/nobody/noarch/repodata.json", f"{CHANNEL}/noarch/no-1-0.conda",
    f"{CHANNEL}/noarch/current_repodata.json", f"{CHANNEL}/nosubdir/repodata.json", "/nothing",
    "/api/user/nobody", "/api/package/alice/nothing",
    f"{CHANNEL}/noarch/shards/{'0' * 64}.msgpack.zst"])
def test_a_404_is_small_readable_and_keeps_the_connection(server, url):
    client = server.client()
    answer = client.get(url).expect(404)
    sock = client.connection.sock
    assert len(answer.body) < 1024
    assert answer.header("Content-Type").startswith("application/problem+json")
    problem = answer.json()
    assert isinstance(problem["detail"], str) and isinstance(problem["error"], str)
    assert "\n" not in problem["error"]
    assert problem["status"] == 404
    client.get(url).expect(404)
    assert client.connection.sock is sock, "the connection was closed"


@pytest.mark.parametrize("method, url", [
    ("POST", f"{CHANNEL}/noarch/repodata.json"), ("DELETE", f"{CHANNEL}/{SMALL}"),
    ("PUT", "/api/user"), ("PATCH", "/api/authentication"), ("POST", "/api/scopes"),
    ("BREW", "/api/user")])
def test_a_wrong_method_is_405_and_says_which_are_right(anonymous, method, url):
    answer = anonymous.request(method, url).expect(405, 501)
    assert isinstance(answer.error, str)
    if answer.status == 405:
        assert "GET" in answer.header("Allow")


def test_errors_of_json_bodies_are_400(account):
    client = account("alice").by_password()
    for body in (b"{", b"[]", b"null", b'"x"', b"\xff", b'{"a":1}x', b"[" * 10000,
                 b'{"note": NaN}'):
        answer = client.request("POST", "/api/authentications", body=body,
                                headers={"Content-Type": "application/json"})
        answer.expect(400, 422)
        # 400 with fail-if-exists means "this token exists" to anaconda-client.
        assert isinstance(answer.error, str)


# --- connections ------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(server):
    parts = urlsplit(server.url)
    one = f"GET /healthz HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
    two = f"GET /nothing HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as sock:
        sock.sendall((one * 3 + two).encode())
        received = drain(sock)
    assert statuses(received) == [200, 200, 200, 404]


def test_connection_close_is_obeyed(anonymous):
    answer = anonymous.get("/healthz", connection="close").expect(200)
    assert answer.header("Connection") == "close"


def test_http_1_0_is_served(server):
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as sock:
        sock.sendall(f"GET {CHANNEL}/noarch/repodata.json HTTP/1.0\r\n"
                     f"Host: {parts.netloc}\r\n\r\n".encode())
        received = drain(sock)
    head, _, body = received.partition(b"\r\n\r\n")
    assert b" 200 " in head.split(b"\r\n")[0] and body.startswith(b"{")


def test_health_and_readiness(anonymous):
    anonymous.get("/healthz").expect(200)
    anonymous.get("/readyz").expect(200)
    assert "no-store" in anonymous.get("/readyz").header("Cache-Control")
