"""Nodes die at any moment; the others, and what is stored, take no harm."""
import random
import re
import socket
import time
from http.client import HTTPException
from urllib.parse import urlsplit

import pytest

from conftest import make_account
from support import channel, packages
from support.load import Load
from support.publish import BOUNDARY, Refused, Upload, form_body
from support.server import BINARY, ROOT, built_with
from support.site import check_clean, gc, verify
from support.wait import idle

KILLS = 6
# How often an upload and what goes before it pass a point, at most.
PASSES = 8


def points():
    """The fault points of PostgreSQL and S3: those of the folder of blobs have their own suite."""
    found = set()
    for path in [*(ROOT / "src/store").glob("*.c"), *(ROOT / "src/blob").glob("*.c")]:
        if path.name not in ("blob_fs.c", "db_sqlite.c"):
            found |= set(re.findall(r'fault_point\("([^"]+)"\)', path.read_text()))
    return sorted(found)


@pytest.mark.slow
def test_random_kills_of_nodes_under_load(new_site, tmp_path):
    dice = random.Random(4)
    site = new_site(3).start()
    token = make_account(site.nodes[0], "alice").token()

    def some_node():
        return dice.choice([node for node in site.nodes if node.url] or site.nodes)
    with Load(some_node, token, tmp_path / "packages", publishers=4) as load:
        load.wait_for(5)
        for _ in range(KILLS):
            victim = dice.choice(site.nodes)
            idle(dice.random() * 0.2)
            victim.kill()
            load.wait_for(5)            # the others go on
            victim.start()
    for answers in (load.answers, load.reads):
        assert not answers.wrong, answers.wrong[:5]
    for node in site.nodes:
        listed = channel.listed(node.client(), "/conda/alice", "noarch")
        missing = [path.name for path in load.acknowledged if path.name not in listed]
        assert not missing, f"answered uploads were lost: {missing}"
    for path in load.acknowledged:
        body = site.nodes[0].client().get(f"/conda/alice/noarch/{path.name}").expect(200).body
        assert body == path.read_bytes()
    check_clean(site.nodes[0])


def test_a_node_killed_while_a_body_comes_leaves_nothing(new_site, tmp_path):
    site = new_site(2).start()
    token = make_account(site.nodes[0], "alice").token()
    path = packages.make(tmp_path, packages.index_of("large"),
                         {"x": random.Random(1).randbytes(12_000_000)})
    upload = Upload(site.nodes[0].client(token=token), "alice", packages.describe(path))
    upload.register()
    stage = upload.stage().json()
    body = form_body(stage["form_data"], upload.package.basename, upload.data)
    parts = urlsplit(stage["post_url"])
    keys = set(site.place.keys())
    with socket.create_connection((parts.hostname, parts.port)) as sock:
        sock.sendall(f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
                     f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:-100_000])
        site.nodes[0].kill()
    assert set(site.place.keys()) == keys, "half a file came to S3"
    # The same upload goes on at another node.
    upload.client = site.nodes[1].client(token=token)
    upload.stage()
    upload.send()
    upload.commit()
    site.nodes[0].start()
    left = [path for path in site.nodes[0].data.rglob("*")
            if path.is_file() and path.stat().st_size > 1_000_000]
    assert not left, left
    answer = site.nodes[0].client().get("/conda/alice/noarch/large-1.0-0.conda").expect(200)
    assert answer.body == upload.data
    check_clean(site.nodes[0])


def test_a_node_killed_between_receiving_and_committing_leaves_a_ticket_or_nothing(
        new_site, tmp_path):
    site = new_site(2).start()
    token = make_account(site.nodes[0], "alice").token()
    uploads = []
    for number in range(5):
        path = packages.make_tiny(tmp_path, f"received{number}")
        uploads.append(Upload(site.nodes[0].client(token=token), "alice",
                              packages.describe(path)))
        uploads[-1].register()
        uploads[-1].stage()
        uploads[-1].send()
    site.nodes[0].kill()
    verify(site.nodes[1])
    gc(site.nodes[1])                       # must not take what the tickets name
    for upload in uploads:
        upload.client = site.nodes[1].client(token=token)
        upload.commit()
    listed = channel.listed(site.nodes[1].client(), "/conda/alice", "noarch")
    assert len(listed) == len(uploads)
    site.nodes[0].start()
    check_clean(site.nodes[0])


@pytest.mark.slow
@pytest.mark.skipif(not built_with(b"TERRARIUM_FAULT", BINARY),
                    reason="the program was not built with -Dfaults=true")
@pytest.mark.parametrize("point", points())
def test_a_death_at_a_point_of_the_way_is_whole_or_absent_on_the_other_node(
        new_site, tmp_path, point):
    site = new_site(2).start()
    victim, witness = site.nodes
    make_account(victim, "boss", superuser=True)
    token = make_account(victim, "alice").token()
    acknowledged, deaths = set(), 0
    for number in range(1, PASSES):
        victim.terminate() if victim.running() else None
        victim.env = {"TERRARIUM_FAULT": f"{point}:{number}:KILL"}
        victim.start(wait=False)
        try:
            victim.wait_ready()
        except AssertionError:
            deaths += 1                     # it died in its start
            continue
        path = packages.make_tiny(tmp_path, f"pkg{number}")
        upload = Upload(victim.client(token=token), "alice", packages.describe(path))
        start = time.monotonic()
        try:
            upload.run()
            acknowledged.add(path.name)
        except (OSError, HTTPException):
            deaths += 1
        listed = channel.listed(witness.client(), "/conda/alice", "noarch")
        assert time.monotonic() - start < 15
        assert acknowledged <= set(listed)
        if path.name in listed:
            body = witness.client().get(f"/conda/alice/noarch/{path.name}").expect(200).body
            assert body == path.read_bytes()
        else:
            witness.client().get(f"/conda/alice/noarch/{path.name}").expect(404)
            Upload(witness.client(token=token), "alice", packages.describe(path)).run()
        acknowledged.add(path.name)
    victim.env = {}
    if not victim.running():
        victim.start()
    assert deaths or point not in ("blob.write", "db.commit", "db.committed")
    check_clean(site.nodes[0])


def test_a_refusal_of_the_commit_does_not_lose_the_bytes_of_others(new_site, tmp_path):
    """Two owners publish the same bytes; one of them removes its file while the other commits."""
    site = new_site(2).start()
    tokens = {login: make_account(site.nodes[0], login).token() for login in ("alice", "bob")}
    for turn in range(10):
        path = packages.make_tiny(tmp_path, f"shared{turn}")
        first = Upload(site.client(0, token=tokens["alice"]), "alice", packages.describe(path))
        first.run()
        second = Upload(site.client(1, token=tokens["bob"]), "bob", packages.describe(path))
        second.register()
        second.stage()
        second.send()
        first.client.delete("/api/dist" + first.dist_path).expect(200)
        try:
            second.commit()
        except Refused as refused:
            raise AssertionError(f"the bytes were lost: {refused}") from None
        body = site.client(1).get(f"/conda/bob/noarch/{path.name}").expect(200).body
        assert body == path.read_bytes()
    check_clean(site.nodes[0])
