"""Paths: decoded once, refused when they are not what they seem."""
import re

import pytest

from support import packages
from support.http import raw, statuses

REFUSED = [
    "/conda/alice/../../etc/passwd", "/conda/alice/%2e%2e/%2e%2e/etc/passwd",
    "/conda/alice/.%2e/noarch/repodata.json", "/conda/alice/%2E./noarch/repodata.json",
    "/conda/alice/./noarch/repodata.json", "/conda/alice/%2e/noarch/repodata.json",
    "/conda/alice%2fnoarch/repodata.json", "/conda/alice%2Fnoarch%2Frepodata.json",
    "/conda/alice/noarch/repodata.json%00", "/conda/alice/noarch/repodata.json%00.html",
    "/conda/alice\\noarch/repodata.json", "/conda/alice%5cnoarch/repodata.json",
    "/conda//alice/noarch/repodata.json", "//conda/alice/noarch/repodata.json",
    "/conda/alice//noarch/repodata.json", "/conda/alice/noarch//repodata.json",
    "/conda/alice/noarch/%ff", "/conda/alice/noarch/%c0%ae%c0%ae", "/conda/%ed%a0%80/noarch/x",
    "/conda/alice/noarch/%f8%88%80%80%80", "/conda/alice/noarch/%", "/conda/alice/noarch/%4",
    "/conda/alice/noarch/%zz", "/conda/alice/noarch/%0d%0aSet-Cookie:%20a=b",
    "/conda/alice/noarch/%01", "/conda/alice/noarch/%7f", "/api/user/%2e%2e",
    "/api/dist/alice/alpha/1.0/noarch/%2e%2e/%2e%2e/x",
    "/t/%2e%2e/conda/alice/noarch/repodata.json",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd",
    "/%2f%2f%2f..%2f..%2fetc/passwd",
]


@pytest.fixture(scope="module", autouse=True)
def content(publish, tmp_path_factory):
    folder = tmp_path_factory.mktemp("content")
    publish("alice", packages.make_tiny(folder, "alpha"))
    publish("alice", packages.make_tiny(folder, "plus", "1!2.0+cu118"))


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_with_two_readings_is_refused(server, path):
    for method in ("GET", "HEAD", "DELETE", "POST"):
        received = raw(server.url, f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                       "Connection: close\r\n\r\n".encode())
        status, = statuses(received)
        assert 400 <= status < 500, (method, status)
        head = received.partition(b"\r\n\r\n")[0]
        assert b"Set-Cookie" not in head and b"root:" not in received
        if method == "GET":
            assert status == 400, (path, status)
            assert b'"error"' in received and b'"detail"' in received


def test_a_doubly_encoded_path_is_decoded_once(anonymous):
    anonymous.get("/conda/alice/%252e%252e/repodata.json").expect(400, 404)
    anonymous.get("/conda/alice/noarch/repodata%252ejson").expect(400, 404)


def test_encoded_letters_are_the_same_path(anonymous):
    plain = anonymous.get("/conda/alice/noarch/repodata.json").expect(200)
    encoded = anonymous.get("/%63onda/%61lice/noarch/repodata%2ejson").expect(200)
    assert encoded.etag == plain.etag


def test_versions_with_plus_and_epoch_are_found_in_every_spelling(anonymous):
    for name in ("plus-1!2.0+cu118-0.conda", "plus-1%212.0%2Bcu118-0.conda",
                 "plus-1%212.0%2bcu118-0.conda"):
        anonymous.get("/conda/alice/noarch/" + name).expect(200)
    anonymous.get("/conda/alice/noarch/plus-1!2.0%20cu118-0.conda").expect(404, 400)
    for version in ("1!2.0+cu118", "1%212.0%2Bcu118"):
        anonymous.get(f"/api/release/alice/plus/{version}").expect(200)
        anonymous.get(f"/api/dist/alice/plus/{version}/noarch/plus-{version}-0.conda").expect(200)


def test_a_query_changes_no_document(anonymous):
    plain = anonymous.get("/conda/alice/noarch/repodata.json")
    assert anonymous.get("/conda/alice/noarch/repodata.json?x=%2e%2e&y=/../").body == plain.body


def test_the_absolute_form_is_understood(server):
    received = raw(server.url, f"GET {server.url}/conda/alice/noarch/repodata.json HTTP/1.1\r\n"
                   "Host: x\r\nConnection: close\r\n\r\n".encode())
    assert statuses(received) == [200]


def test_a_long_path_is_refused(server):
    for length in (5000, 60000):
        received = raw(server.url, b"GET /" + b"a" * length + b" HTTP/1.1\r\nHost: x\r\n"
                       b"Connection: close\r\n\r\n")
        assert statuses(received)[0] in (400, 404, 414, 431), received[:200]
    deep = raw(server.url, b"GET " + b"/a" * 1000 + b" HTTP/1.1\r\nHost: x\r\n"
               b"Connection: close\r\n\r\n")
    assert statuses(deep)[0] in (400, 404, 414)


def test_a_refused_path_is_not_echoed_as_markup(anonymous):
    for path in ("/conda/%3Cscript%3Ealert(1)%3C%2Fscript%3E/x", "/api/user/%3Cb%3E",
                 "/%3Cscript%3E"):
        answer = anonymous.get(path).expect(400, 404)
        assert "html" not in answer.header("Content-Type")


def test_the_log_has_one_line_for_each_request(server, anonymous):
    """A path cannot forge a line of the log."""
    anonymous.get("/forged%20path%3Devent").expect(404)
    log = server.log()
    assert not re.search(r"^forged", log, re.MULTILINE)
